"""What the views of the API have in common."""

from typing import Any, TypeVar, cast

from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from evently.accounts.models import User
from evently.api.pagination import CursorPages

Row = TypeVar("Row", bound=Model)


class ApiView(APIView):
    """A view that checks its input with a serializer and makes one call."""

    def read(self, serializer: type[BaseSerializer[Any]], *, partial: bool = False) -> Any:
        """The request's body as checked values; raises what becomes a problem `invalid`."""
        return _checked(serializer(data=self.request.data, partial=partial))

    def read_query(self, serializer: type[BaseSerializer[Any]]) -> Any:
        """The parameters of the address as checked values."""
        return _checked(serializer(data=self.request.query_params))

    def page(self, rows: QuerySet[Row], serializer: type[BaseSerializer[Any]]) -> Response:
        """One page of an ordered query."""
        pages = CursorPages()
        shown = pages.paginate_queryset(rows, self.request, self)
        return pages.get_paginated_response(serializer(shown, many=True).data)

    @property
    def caller(self) -> User | None:
        return caller(self.request)

    @property
    def person(self) -> User:
        """The caller, in a view that only people who are logged in can reach."""
        return cast(User, self.request.user)


def caller(request: Request) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _checked(serializer: BaseSerializer[Any]) -> Any:
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data
