"""What the views of the API have in common."""

from typing import Any, TypeVar, cast

from django.db.models import Model, QuerySet
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext as _
from rest_framework.exceptions import UnsupportedMediaType, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from evently.accounts.models import User
from evently.api.fields import MAX_NAMED, QueryShape, Shape
from evently.api.pagination import Page, PageIn, paginate
from evently.api.repeats import Repeats, done_once

Row = TypeVar("Row", bound=Model)


class ApiView(APIView):
    """A view that checks its input with a shape and makes one call.

    Its `post` is done once for each Idempotency-Key, unless `repeats` says otherwise.
    """

    repeats = Repeats.ARE_ANSWERED_AGAIN

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if post := vars(cls).get("post"):
            cls.post = done_once(post)  # type: ignore[attr-defined]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        _require_readable(request)
        super().initial(request, *args, **kwargs)

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(*args, **kwargs)
        # Answers are for one caller and of one moment.
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def read(self, shape: type[Shape]) -> Any:
        """The request's body as checked values; raises what becomes a problem `invalid`."""
        return _checked(shape(data=self.request.data))

    def read_query(self, shape: type[QueryShape]) -> Any:
        """The parameters of the address as checked values."""
        given = self.request.query_params
        twice = [name for name in given if len(given.getlist(name)) > 1]
        if twice:
            told = [_("This stands twice in the address. Send it once.")]
            raise ValidationError({name[:64]: told for name in twice[:MAX_NAMED]})
        return _checked(shape(data=given.dict()))

    def page(
        self,
        rows: QuerySet[Row],
        serializer: type[BaseSerializer[Any]],
        query: dict[str, Any] | None = None,
    ) -> Response:
        """One page of an ordered query. `query` is the checked query when it has more to say."""
        query = self.read_query(PageIn) if query is None else query
        page = paginate(rows, cursor=query.get("cursor"), limit=query["limit"])
        return self.show_page(page, serializer)

    def show_page(self, page: Page[Row], serializer: type[BaseSerializer[Any]]) -> Response:
        """A page with the addresses of its neighbours."""
        return Response(
            {
                "next": self._address_of(page.next),
                "previous": self._address_of(page.previous),
                "results": serializer(page.rows, many=True).data,
            }
        )

    @property
    def caller(self) -> User | None:
        """Who calls, in a view that anybody may use."""
        return self.request.user if isinstance(self.request.user, User) else None

    @property
    def person(self) -> User:
        """Who calls, in a view that only people who are logged in can reach."""
        return cast(User, self.request.user)

    def _address_of(self, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        return str(replace_query_param(self.request.build_absolute_uri(), "cursor", cursor))


def _require_readable(request: Request) -> None:
    """Refuse bodies that the server could only misread: those that are not in UTF-8."""
    parameters = parse_header_parameters(request.content_type)[1]
    if parameters.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType(request.content_type, detail=_("Send JSON in UTF-8."))


def _checked(serializer: BaseSerializer[Any]) -> Any:
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data
