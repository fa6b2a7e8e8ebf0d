"""Pages by cursor: a cursor says which row the page lies after (or before), not how many to skip.

So a page costs the same wherever it lies, and rows that come or go meanwhile neither repeat nor
hide others. The order of the query must end in a unique field.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.serializers import BaseSerializer

from evently.api.examples import example, example_of
from evently.api.fields import QueryShape, Text, WholeNumber
from evently.errors import Invalid

Row = TypeVar("Row", bound=Model)
MAX_LIMIT = 100

# Given an ordered query and a number: so many of its first rows.
Fetch = Callable[[QuerySet[Row], int], list[Row]]


class PageIn(QueryShape):
    """The parameters of every list."""

    cursor = Text(
        required=False,
        max_length=4096,
        help_text="Where the page lies: as it stands in `next` or `previous`.",
    )
    limit = WholeNumber(min_value=1, max_value=MAX_LIMIT, default=20, help_text="Rows of a page.")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """`next` and `previous` are cursors, or None at the end and the beginning."""

    rows: list[Row]
    next: str | None
    previous: str | None


def first_rows(rows: QuerySet[Row], most: int) -> list[Row]:
    """So many rows of the query, from the database."""
    return list(rows[:most])


def paginate(
    rows: QuerySet[Row], *, cursor: str | None, limit: int, fetch: Fetch[Row] = first_rows
) -> Page[Row]:
    """The page of an ordered query at this cursor; the first page without one.

    Raises:
        Invalid: the cursor was not made here, or for a list in another order.
    """
    order = _Order(rows)
    backwards, position = order.read(cursor) if cursor else (False, None)
    found = fetch(order.beyond(position, backwards=backwards), limit + 1)
    shown = found[:limit]
    is_more = len(found) > limit
    if backwards:
        shown.reverse()
    has_next = backwards or is_more
    has_previous = is_more if backwards else position is not None
    return Page(
        rows=shown,
        next=order.cursor(shown[-1], backwards=False) if shown and has_next else None,
        previous=order.cursor(shown[0], backwards=True) if shown and has_previous else None,
    )


def paginated(
    serializer: type[BaseSerializer[Any]], **more: serializers.Field[Any, Any, Any, Any]
) -> BaseSerializer[Any]:
    """The shape of one page of these, for the OpenAPI document, with what else it tells, which
    may be null."""
    name = serializer.__name__.removesuffix("Out") + "Page"
    page = inline_serializer(
        name,
        {
            "next": serializers.URLField(allow_null=True, help_text="Address of the next page."),
            "previous": serializers.URLField(allow_null=True),
            "results": serializer(many=True),
            **more,
        },
    )
    value = {"next": None, "previous": None, "results": [example_of(serializer)]}
    example("The only page", value | dict.fromkeys(more))(type(page))
    return page


class _Order(Generic[Row]):
    """A query's order by its own fields, and positions in it."""

    signer = Signer(salt="evently.cursor")

    def __init__(self, rows: QuerySet[Row]) -> None:
        self.rows = rows
        self.terms = [str(term) for term in rows.query.order_by]
        self.names = [term.removeprefix("-") for term in self.terms]

    def cursor(self, row: Row, *, backwards: bool) -> str:
        values = [self._field(name).value_to_string(row) for name in self.names]
        return self.signer.sign_object([self.terms, backwards, values])

    def read(self, cursor: str) -> tuple[bool, list[Any]]:
        try:
            terms, backwards, texts = self.signer.unsign_object(cursor)
            values = [
                self._field(name).to_python(text)
                for name, text in zip(self.names, texts, strict=True)
            ]
        except (BadSignature, ValidationError, ValueError) as error:
            raise Invalid(cursor=_("Take it from `next` or `previous` of a page.")) from error
        if terms != self.terms:
            words = _("This one is of a list in another order. Begin at its first page.")
            raise Invalid(cursor=words)
        return backwards, values

    def beyond(self, position: list[Any] | None, *, backwards: bool) -> QuerySet[Row]:
        """Rows after the position, or before it from the nearest to the farthest."""
        rows = self.rows.reverse() if backwards else self.rows
        if position is None:
            return rows
        return rows.filter(self._after(position, backwards=backwards))

    def _after(self, position: list[Any], *, backwards: bool) -> Q:
        """(a, b) after (x, y): a after x, or a equal to x and b after y."""
        after, equal = Q(), Q()
        for term, name, value in zip(self.terms, self.names, position, strict=True):
            lookup = "lt" if term.startswith("-") != backwards else "gt"
            after |= equal & Q(**{f"{name}__{lookup}": value})
            equal &= Q(**{name: value})
        return after

    def _field(self, name: str) -> Any:
        return self.rows.model._meta.get_field(name)  # noqa: SLF001 (documented by Django)
