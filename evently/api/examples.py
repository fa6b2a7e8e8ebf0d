"""Examples of requests and answers in the OpenAPI document; each stands at its serializer.

All tell one story: a concert in Berlin, for which Ada books.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.drainage import get_override
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework.serializers import BaseSerializer

Class = TypeVar("Class", bound=type[BaseSerializer[Any]])

EVENT_ID = "0199d0a4-5e00-7c3b-9a41-6f2d8b7e1c05"


def example(summary: str, value: Any) -> Callable[[Class], Class]:
    """Show `value` wherever the document shows the serializer's shape."""
    shown = OpenApiExample(summary, value=value, status_codes=["200", "201", "202"])
    return extend_schema_serializer(examples=[shown])


def example_of(serializer: type[BaseSerializer[Any]]) -> Any:
    """The value that `example` gave to it."""
    return get_override(serializer, "examples")[0].value
