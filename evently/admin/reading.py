"""Rows that Evently's staff look at in the admin, and nobody writes there."""

from typing import Any

from django.http import HttpRequest

from evently.admin.look import is_staff


class ForStaffToRead:
    """For a `ModelAdmin` whose rows others write."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_staff(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_staff(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
