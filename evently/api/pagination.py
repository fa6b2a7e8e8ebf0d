"""Cursor pages: `next` and `previous` are whole addresses, or null."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers
from rest_framework.pagination import CursorPagination
from rest_framework.serializers import BaseSerializer

PAGE_PARAMETERS = [
    OpenApiParameter("cursor", str, description="Where the page begins; from `next`."),
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
        description="Rows of a page.",
    ),
]


class CursorPages(CursorPagination):
    """Pages in the order that the query already has."""

    page_size = 20
    page_size_query_param = "limit"
    max_page_size = 100

    def get_ordering(self, request, queryset, view):  # type: ignore[no-untyped-def]
        return tuple(queryset.query.order_by)


def paginated(serializer: type[BaseSerializer[Any]]) -> BaseSerializer[Any]:
    """The shape of one page of these, for the OpenAPI document."""
    name = serializer.__name__.removesuffix("Out") + "Page"
    return inline_serializer(
        name,
        {
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": serializer(many=True),
        },
    )
