"""The lines of a team's events in true order, and the page of one person in a line."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Case, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from unfold.decorators import display

from bookings.admin.bookings import OwnEventFilter
from evently.accounts.models import User
from evently.accounts.queries import match_people
from evently.admin.steps import call_for_each, step_urls
from evently.history.models import Change
from evently.search import FoundByWords
from evently.site.pages import person
from evently.site.templatetags.show import brief, number, seats
from events.admin.team import TeamAdmin, is_id, rights
from events.models import Event
from events.roles import Capability
from waitlist.admin.figures import figures_of
from waitlist.admin.steps import STEPS
from waitlist.models import Entry, Standing
from waitlist.queries import places_of
from waitlist.services import offer_by_hand

EVENT = "event__id__exact"
STATES = {
    "waiting": "info",
    "offered": "warning",
    "booked": "success",
    "declined": "",
    "lapsed": "",
    "left": "",
    "removed": "danger",
    "closed": "",
}


class EntryChangeList(ChangeList):
    """A page of entries with their places and the reasons for their tiers: few queries for all."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        entries: list[Any] = list(self.result_list)
        places, reasons = places_of(entries), reasons_of(entries)
        for entry in entries:
            entry.place, entry.reason = places[entry.pk], reasons.get(entry.pk, "–")
        self.result_list = entries


class StateFilter(admin.SimpleListFilter):
    """Who stands in line, unless one asks for those who do not any more."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("over", pgettext("waitlist entries", "Over")), ("all", _now("All"))]

    def choices(self, changelist: ChangeList) -> Any:
        """The first is not everybody, but whoever is in line."""
        first, *others = super().choices(changelist)
        return [first | {"display": _now("In line")}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        if self.value() == "over":
            return queryset.exclude(status__in=Entry.LIVE)
        return queryset.filter(status__in=Entry.LIVE)


def reasons_of(entries: Iterable[Entry]) -> dict[Any, str]:
    """Why people stand in their tiers: what was said when they were moved, or given their tier."""
    entries = list(entries)
    standings = Standing.objects.filter(
        user__in={entry.user_id for entry in entries},
        organiser__in={entry.event.organiser_id for entry in entries},
    )
    ids = {(row.organiser_id, row.user_id): (row.pk, row.tier) for row in standings}
    subjects = [*(entry.pk for entry in entries), *(pk for pk, _ in ids.values())]
    changes = Change.objects.filter(subject_id__in=subjects, field="reason").order_by("at", "id")
    told = {change.subject_id: str(change.after) for change in changes}
    reasons = {}
    for entry in entries:
        standing, tier = ids.get((entry.event.organiser_id, entry.user_id), (None, None))
        by_standing = told.get(standing) if standing and tier == entry.tier else None
        if reason := told.get(entry.pk) or by_standing:
            reasons[entry.pk] = reason
    return reasons


@admin.register(Entry)
class EntryAdmin(FoundByWords, TeamAdmin[Entry]):
    changing = Capability.EDIT_EVENTS
    actions = ("offer",)
    list_before_template = "admin/waitlist/entry/figures.html"
    change_form_outer_before_template = "admin/waitlist/entry/steps.html"
    list_display = ("position", "who", "event", "wanted", "tier_shown", "why", "since", "state")
    list_display_links = ("position", "who")
    list_filter = (StateFilter, ("event", OwnEventFilter), "tier")
    list_filter_submit = True
    list_select_related = ("event", "user")
    search_fields = ("user__name",)
    search_help_text = _("Name")
    # Who stands in line first, in true order.
    ordering = (
        Case(When(status__in=Entry.LIVE, then=Value(0)), default=Value(1)).asc(),
        "event__starts_at",
        "event_id",
        "-tier",
        "number",
    )
    fields = ("who", "event", "wanted", "tier_shown", "why", "status", "joined", "ended")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        """Without the long columns of what is joined, which no screen shows."""
        rows = super().get_queryset(request)
        return rows.defer("event__words", "event__description", "user__password")

    def scope(self, rows: QuerySet[Entry], user: User) -> QuerySet[Entry]:
        return rows if user.is_staff else rows.filter(event__in=Event.objects.of_team(user))

    def allows(self, request: HttpRequest, capability: Capability, obj: Entry) -> bool:
        return rights(request).may(capability, obj.event)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EntryChangeList

    def matches(self, request: HttpRequest, text: str) -> Q:
        """The beginnings of words of a name."""
        return Q(user__in=match_people(text, by_name=True))

    # --- What is shown ---------------------------------------------------------------------------

    @display(description=_("place"))
    def position(self, entry: Any) -> str:
        return number(entry.place.position) if entry.status == Entry.Status.WAITING else "–"

    @display(description=_("person"), ordering="user__name")
    def who(self, entry: Entry) -> str:
        return entry.user.name or _now("Somebody")

    @display(description=_("seats"), ordering="quantity")
    def wanted(self, entry: Entry) -> str:
        told = seats(entry.quantity)
        return _now("%(seats)s or fewer") % {"seats": told} if entry.part_is_fine else told

    @display(description=_("tier"), ordering="-tier")
    def tier_shown(self, entry: Entry) -> str:
        return entry.get_tier_display()

    @display(description=_("reason"))
    def why(self, entry: Any) -> str:
        """In a list it was looked up with all others."""
        return entry.reason if hasattr(entry, "reason") else reasons_of([entry]).get(entry.pk, "–")

    @display(description=_("waiting since"), ordering="joined_at")
    def since(self, entry: Entry) -> str:
        return brief(entry.joined_at, entry.event.timezone)

    @display(description=_("waiting since"))
    def joined(self, entry: Entry) -> str:
        return brief(entry.joined_at, entry.event.timezone)

    @display(description=_("ended"))
    def ended(self, entry: Entry) -> str:
        return brief(entry.ended_at, entry.event.timezone)

    @display(description=_("state"), ordering="status", label=STATES)
    def state(self, entry: Entry) -> tuple[str, str]:
        return entry.status, entry.get_status_display()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the figures of the one event that is chosen."""
        chosen = request.GET.get(EVENT, "")
        own = Event.objects.of_team(person(request))
        event = own.filter(pk=chosen).first() if is_id(chosen) else None
        context: dict[str, Any] = {}
        if event:
            may_edit = rights(request).may(self.changing, event)
            context = {"event": event, "figures": figures_of(event), "may_edit": may_edit}
        return super().changelist_view(request, context | (extra_context or {}))

    def render_change_form(
        self,
        request: HttpRequest,
        context: Any,
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Entry | None = None,
    ) -> Any:
        if obj and self.has_step_permission(request, obj):
            context["steps"] = self._possible_steps(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _possible_steps(self, request: HttpRequest, entry: Entry) -> list[dict[str, Any]]:
        steps = [step(entry, person(request)) for step in STEPS]
        return [
            {
                "label": step.label,
                "grave": step.grave,
                "address": reverse(f"admin:waitlist_entry_{step.name}", args=[entry.pk]),
            }
            for step in steps
            if step.is_possible()
        ]

    # --- What is done ----------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        return [*step_urls(self, *STEPS), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Entry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Entry | None = None) -> bool:
        return False

    def has_offer_permission(self, request: HttpRequest) -> bool:
        """Whether the action is shown; the service looks at each entry."""
        return self.may(request, self.changing)

    @admin.action(description=_("Offer seats by hand"), permissions=["offer"])
    def offer(self, request: HttpRequest, entries: QuerySet[Entry]) -> None:
        def call(entry: Entry) -> object:
            return offer_by_hand(entry_id=entry.pk, by=person(request), now=timezone.now())

        call_for_each(self, request, entries, call, done=pgettext("seats", "Offered"))
