"""Who changed what, over all of a person's teams: looked at, never written."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from evently.accounts.models import User
from evently.history.models import Change
from evently.site.columns import dated
from events.admin.history import tell
from events.admin.team import TeamAdmin, rights
from events.models import Organiser
from events.roles import Capability


@admin.register(Change)
class ChangeAdmin(TeamAdmin[Change]):
    """For those who run the whole team; a change may concern money."""

    changing = Capability.EDIT_EVENTS
    list_display = ("when", "who", "label", "what", "was", "now")
    list_display_links = None
    list_filter = ("subject", ("at", RangeDateFilter))
    list_filter_submit = True
    list_select_related = ("by",)
    search_fields = ("label",)
    search_help_text = _("Name of an event, reference of a booking, address of a member")

    def scope(self, rows: QuerySet[Change], user: User) -> QuerySet[Change]:
        own = Organiser.objects.of(user, Capability.SEE_MONEY)
        return rows if user.is_staff else rows.filter(organiser_id__in=own.values("pk"))

    def allows(self, request: HttpRequest, capability: Capability, obj: Change) -> bool:
        if obj.organiser_id is None:
            return cast(User, request.user).is_staff
        return rights(request).may_in_team(Capability.SEE_MONEY, obj.organiser_id)

    when = dated("at", _("when"))

    @display(description=_("who"))
    def who(self, change: Change) -> str:
        return tell(change).who

    @display(description=_("field"), ordering="field")
    def what(self, change: Change) -> str:
        return tell(change).field

    @display(description=_("before"))
    def was(self, change: Change) -> str:
        return tell(change).before

    @display(description=_("after"))
    def now(self, change: Change) -> str:
        return tell(change).after

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
