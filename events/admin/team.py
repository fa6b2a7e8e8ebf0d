"""Screens of rows that belong to an organiser: people see and change what their roles allow."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from evently.accounts.models import User
from evently.errors import Refusal
from evently.history.models import Change
from evently.history.queries import list_changes
from evently.site.pages import person
from events.admin.history import tell
from events.queries import Rights, rights_of, zone_of
from events.roles import Capability

if TYPE_CHECKING:

    class AnyModelAdmin(admin.ModelAdmin[Any]):
        """Names for the type checker the two views that Django wraps into a transaction."""

        def _changeform_view(
            self, request: HttpRequest, object_id: str | None, form_url: str, extra_context: Any
        ) -> HttpResponse: ...

        def _delete_view(
            self, request: HttpRequest, object_id: str, extra_context: Any
        ) -> HttpResponse: ...
else:
    AnyModelAdmin = ModelAdmin

Row = TypeVar("Row", bound=Model)
CHANGES_SHOWN = 200


class TeamRequest(HttpRequest):
    """A request of the admin, which remembers the person's rights."""

    user: User
    rights: Rights


def rights(request: HttpRequest) -> Rights:
    """What the person may do, asked once in a request."""
    asked = cast(TeamRequest, request)
    if not hasattr(asked, "rights"):
        asked.rights = rights_of(person(request))
    return asked.rights


def sees_changes(request: HttpRequest) -> bool:
    """For the sidebar: the history tells of money, teams of people's addresses."""
    return rights(request).may_somewhere(Capability.SEE_MONEY)


class RowPicker(AutocompleteSelect):
    """Django's field with look-up; what is no id at all, as a bad request has it, chooses none."""

    def optgroups(self, name: str, value: Sequence[str], attrs: Any = None) -> Any:
        return super().optgroups(name, [text for text in value if is_id(text)], attrs)


def is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


class TeamAdmin(AnyModelAdmin, Generic[Row]):
    """Rows that belong to an organiser, scoped at every door: lists, forms, look-ups, actions.

    `changing` is what one must be able to do to change a row.
    """

    changing: Capability
    show_full_result_count = False
    list_per_page = 50
    # Filters stand beside what they filter; the browser asks before typed words are lost.
    list_filter_sheet = False
    warn_unsaved_form = True
    compressed_fields = False

    def scope(self, rows: QuerySet[Row], user: User) -> QuerySet[Row]:
        """Those of the rows that the person may see."""
        raise NotImplementedError

    def allows(self, request: HttpRequest, capability: Capability, obj: Row) -> bool:
        """Whether the person may do this with the row."""
        raise NotImplementedError

    def may(self, request: HttpRequest, capability: Capability, obj: Row | None = None) -> bool:
        """Whether the person may do this with the row; without one, with any row at all."""
        if obj is None:
            return rights(request).may_somewhere(capability)
        return self.allows(request, capability, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        return self.scope(super().get_queryset(request), person(request))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's own list, its times on the clocks of the person's teams."""
        with timezone.override(zone_of(person(request))):
            listed = super().changelist_view(request, extra_context)
            return listed.render() if isinstance(listed, TemplateResponse) else listed

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Row | None:
        """The row; another team's row and one that is not there are refused alike."""
        found = super().get_object(request, object_id, from_field)
        if found is None and not person(request).is_staff:
            raise PermissionDenied
        return found

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = RowPicker(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.may(request, Capability.SEE_BOOKINGS, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may(request, self.changing)

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.may(request, self.changing, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.may(request, self.changing, obj)

    def has_step_permission(self, request: HttpRequest, obj: Row) -> bool:
        """Whether the person may take a step with the row; which ones fit it, the steps know."""
        return self.may(request, self.changing, obj)

    # --- History: what the services kept, whichever door a change came through -------------------

    def history(self, obj: Row) -> QuerySet[Change]:
        """The changes that concern the row."""
        return list_changes(subject_id=obj.pk)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Who changed what, with both values; they tell of money and of people's addresses."""
        row = self.get_object(request, object_id)
        if row is None or not self._may_read_history(request, row):
            raise PermissionDenied
        zone = zone_of(person(request)).key
        context = {
            **self.admin_site.each_context(request),
            "title": _("History of “%(row)s”") % {"row": row},
            "opts": self.opts,
            "original": row,
            "changes": [tell(change, zone) for change in self.history(row)[:CHANGES_SHOWN]],
            "zone": zone,
            "back": f"admin:{self.opts.app_label}_{self.opts.model_name}_change",
        }
        return TemplateResponse(request, "admin/history/page.html", context)

    def _may_read_history(self, request: HttpRequest, row: Row) -> bool:
        return self.may(request, Capability.SEE_MONEY, row)

    def render_change_form(
        self,
        request: HttpRequest,
        context: Any,
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Row | None = None,
    ) -> Any:
        """With the way to the history for those who may go it."""
        context["show_history"] = obj is not None and self._may_read_history(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    # --- Writing: the services open the transactions ----------------------------------------------

    def get_form(
        self, request: HttpRequest, obj: Row | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.refusal = getattr(request, "refusal", None)
        return form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Django's own view without its transaction.

        What the service refuses is shown in the form, beside what was entered.
        """
        try:
            return self._changeform_view(request, object_id, form_url, extra_context)
        except Refusal as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return self._changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Row, form: Any, change: bool) -> None:
        """Call the service that makes or changes the row."""
        raise NotImplementedError

    def remove(self, request: HttpRequest, obj: Row) -> None:
        """Call the service that removes the row."""
        raise NotImplementedError

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Rows are removed one by one, each by the service."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Only the row: whether something refers to it, the service finds out."""
        return [str(row) for row in objs], {self.opts.verbose_name_plural: len(objs)}, set(), []

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's own view without its transaction."""
        try:
            return self._delete_view(request, object_id, extra_context)
        except Refusal as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            view = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            return HttpResponseRedirect(reverse(view, args=[object_id]))

    def delete_model(self, request: HttpRequest, obj: Row) -> None:
        self.remove(request, obj)

    # Django's own log would be a second history, of this door alone.

    def log_addition(self, request: HttpRequest, obj: Row, message: Any) -> Any:
        pass

    def log_change(self, request: HttpRequest, obj: Row, message: Any) -> Any:
        pass

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        pass
