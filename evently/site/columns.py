"""Columns of the admin that need more than a field's own form."""

from collections.abc import Callable
from typing import Any

from unfold.decorators import display

from evently.site.templatetags.show import brief


def dated(field: str, description: Any, zone: str = "UTC") -> Callable[[Any, Any], str]:
    """A method of a ModelAdmin that shows a field's instant as the admin shows all of them."""

    @display(description=description, ordering=field)
    def shown(_admin: Any, row: Any) -> str:
        return brief(getattr(row, field), zone)

    told: Callable[[Any, Any], str] = shown
    return told
