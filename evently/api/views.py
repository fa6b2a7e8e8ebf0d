"""What the views of the API have in common."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.db.models import Model, QuerySet
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext as _
from rest_framework.exceptions import UnsupportedMediaType, ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from evently.accounts.models import User
from evently.api.fields import MAX_NAMED, QueryShape, Shape
from evently.api.pagination import Page, paginate
from evently.api.repeats import Repeats, done_once

Row = TypeVar("Row", bound=Model)
Method = TypeVar("Method", bound=Callable[..., Any])


def takes(shape: type[Shape]) -> Callable[[Method], Method]:
    """Say what a view's method takes: the fields of a body, or the parameters of a `QueryShape`."""

    def mark(method: Method) -> Method:
        method.takes = shape  # type: ignore[attr-defined]
        return method

    return mark


class ApiView(APIView):
    """A view that checks its input with a shape and makes one call.

    `given` has the checked values of the shape that the method `takes`. Parameters and fields that
    no shape names are refused for every method.

    Its `post` is done once for each Idempotency-Key, unless `repeats` says otherwise.
    """

    given: Any = None
    repeats = Repeats.ARE_ANSWERED_AGAIN

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if post := vars(cls).get("post"):
            cls.post = done_once(post)  # type: ignore[attr-defined]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        _require_readable(request)
        super().initial(request, *args, **kwargs)
        handler = getattr(self, cast(str, request.method).lower(), None)
        if handler and request.method != "OPTIONS":
            self.given = _read_all(request, getattr(handler, "takes", None))

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(*args, **kwargs)
        # Answers are for one caller and of one moment.
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def page(
        self,
        rows: QuerySet[Row],
        serializer: type[BaseSerializer[Any]],
        query: dict[str, Any] | None = None,
    ) -> Response:
        """One page of an ordered query, as `given` or `query` asks for it (`PageIn`)."""
        query = self.given if query is None else query
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


def _read_all(request: Request, shape: type[Shape] | None) -> Any:
    """The checked values of the shape; raises what becomes a problem `invalid` or `malformed`."""
    is_query = shape is not None and issubclass(shape, QueryShape)
    of_address, of_body = (shape, None) if is_query else (None, shape)
    parameters = _read_query(request, of_address or QueryShape)
    if request.method in SAFE_METHODS:
        return parameters
    fields = _checked((of_body or Shape)(data=request.data))
    return parameters if is_query else fields


def _read_query(request: Request, shape: type[Shape]) -> Any:
    given = request.query_params
    twice = [name for name in given if len(given.getlist(name)) > 1]
    if twice:
        told = [_("This stands twice in the address. Send it once.")]
        raise ValidationError({name[:64]: told for name in twice[:MAX_NAMED]})
    return _checked(shape(data=given.dict()))


def _checked(serializer: BaseSerializer[Any]) -> Any:
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data
