"""Events in the admin: the list, the page of one event with its numbers, and its steps."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from evently.accounts.models import User
from evently.admin.steps import call_for_each, step_urls
from evently.history.models import Change
from evently.history.queries import list_changes
from evently.search import FoundByWords
from evently.site.pages import person
from evently.site.templatetags.show import brief, money, number
from events import services
from events.admin.forms import EventForm
from events.admin.numbers import seat_numbers
from events.admin.steps import CapacityStep, CopyStep, EventStep, PublishStep
from events.admin.team import TeamAdmin, rights
from events.inventory import count_claims
from events.models import Event, Organiser
from events.queries import find_last_added_event, match_events
from events.roles import Capability

CLOSED = (Event.Status.CANCELLED, Event.Status.COMPLETED)
CHANGES_SHOWN = 200
MOVED = _("Everybody who has booked or waits is told of the new time or place in a few minutes.")


class EventChangeList(ChangeList):
    """A page of events with their claims on seats: one query for all of them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        events: list[Any] = list(self.result_list)
        claims = count_claims(event.pk for event in events)
        for event in events:
            event.claims = claims[event.pk]
        self.result_list = events


@admin.register(Event)
class EventAdmin(FoundByWords, TeamAdmin[Event]):
    changing = Capability.EDIT_EVENTS
    form = EventForm
    actions = ("publish",)
    # Apps above add the steps that need them (`bookings.admin` calls an event off).
    steps: ClassVar[list[type[EventStep]]] = [PublishStep, CapacityStep, CopyStep]
    change_form_outer_before_template = "admin/events/event/numbers.html"
    list_display = ("name", "starts", "state", "left", "confirmed", "held", "offered", "cost")
    list_filter = ("status", ("organiser", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("organiser",)
    # What comes next stands first, what is over last.
    ordering = (Case(When(ends_at__lt=Now(), then=Value(1)), default=Value(0)).asc(), "starts_at")
    search_fields = ("name", "venue", "organiser__name")
    search_help_text = _("Name, place or organiser")

    def scope(self, rows: QuerySet[Event], user: User) -> QuerySet[Event]:
        return rows.filter(pk__in=Event.objects.of_team(user)) if not user.is_staff else rows

    def allows(self, request: HttpRequest, capability: Capability, obj: Event) -> bool:
        return rights(request).may(capability, obj)

    def matches(self, request: HttpRequest, text: str) -> Q:
        """The beginnings of words, as the catalogue finds them, and the organiser's."""
        return match_events(text)

    # --- What is shown ---------------------------------------------------------------------------

    @display(description=_("starts"), ordering="starts_at")
    def starts(self, event: Event) -> str:
        return brief(event.starts_at, event.timezone)

    @display(
        description=_("status"),
        ordering="status",
        label={"draft": "info", "published": "success", "cancelled": "danger", "completed": ""},
    )
    def state(self, event: Event) -> tuple[str, str]:
        return event.status, event.get_status_display()

    @display(description=_("available"), ordering="available_seats")
    def left(self, event: Event) -> str:
        return _now("%(left)s of %(capacity)s") % {
            "left": number(event.available_seats),
            "capacity": number(event.capacity),
        }

    @display(description=_("confirmed"))
    def confirmed(self, event: Any) -> int:
        return int(event.claims["confirmed"])

    @display(description=_("held"))
    def held(self, event: Any) -> int:
        return int(event.claims["held"])

    @display(description=_("offered"))
    def offered(self, event: Any) -> int:
        return int(event.claims["offered"])

    @display(description=_("price"), ordering="price")
    def cost(self, event: Event) -> str:
        return money(event.price, event.currency)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EventChangeList

    def get_fieldsets(self, request: HttpRequest, obj: Event | None = None) -> Any:
        """What a person may do with this event decides what stands in its form."""
        new, draft = obj is None, obj is None or obj.status == Event.Status.DRAFT
        may_change = self.has_change_permission(request, obj)
        seats = [*(["capacity"] if new else []), "max_per_booking", "repeat_bookings_allowed"]
        last = [*(["publish"] if may_change and draft else [])]
        last += ["seen_version"] if may_change and not new else []
        return (
            (None, {"fields": ["organiser", "name", "venue", "description"]}),
            (_("When"), {"fields": [("starts_at", "ends_at"), "timezone"]}),
            (_("Seats and price"), {"fields": [("price", "currency"), *seats]}),
            (_("Sale"), {"fields": [("sales_start_at", "sales_end_at"), *last]}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Event | None = None) -> Any:
        """An event stays with its organiser."""
        return ("organiser",) if obj else ()

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Members have a few organisers to choose from, staff have all."""
        return ("organiser",) if person(request).is_staff else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = own = self._organisers_to_add_for(request)
        if not person(request).is_staff and len(own) == 1:
            kwargs["initial"] = own[0].pk
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def _organisers_to_add_for(self, request: HttpRequest) -> QuerySet[Organiser]:
        return Organiser.objects.of(person(request), self.changing).order_by("name", "id")

    # --- What is done ----------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        return [*step_urls(self, *self.steps), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Who works for one event alone adds none."""
        return self._organisers_to_add_for(request).exists()

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        """Cancelled and completed events are only looked at."""
        closed = obj is not None and obj.status in CLOSED
        return super().has_change_permission(request, obj) and not closed

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        """Offered while nobody has a seat; the service has the last word."""
        taken = obj is not None and obj.taken_seats
        return super().has_delete_permission(request, obj) and not taken

    def get_form(
        self, request: HttpRequest, obj: Event | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.usual = {} if obj else _usual_entries(person(request))
        return form

    def render_change_form(
        self,
        request: HttpRequest,
        context: Any,
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Event | None = None,
    ) -> Any:
        context["show_save_and_add_another"] = False
        if obj:
            context |= self._numbers(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _numbers(self, request: HttpRequest, event: Event) -> dict[str, Any]:
        """Where its seats are, what can be done now, and who changed it last."""
        may_step = self.has_step_permission(request, event)
        return {
            **seat_numbers(event),
            "event": event,
            "steps": self._possible_steps(request, event) if may_step else [],
            "may_export": self.may(request, Capability.HANDLE_MONEY, event),
            "last_change": list_changes(event_id=event.pk).first(),
        }

    def _possible_steps(self, request: HttpRequest, event: Event) -> list[dict[str, Any]]:
        steps = [step(event, person(request)) for step in self.steps]
        return [
            {
                "label": step.label,
                "grave": step.grave,
                "address": reverse(f"admin:events_event_{step.name}", args=[event.pk]),
            }
            for step in steps
            if step.is_possible()
        ]

    def save_model(self, request: HttpRequest, obj: Event, form: Any, change: bool) -> None:
        if change:
            edited = services.edit_event(
                event_id=obj.pk,
                by=person(request),
                changes=form.details(),
                expected_version=form.cleaned_data["seen_version"] or 0,
                now=timezone.now(),
            )
            if edited.moves > obj.moves:
                self.message_user(request, MOVED)
            return
        created = services.create_event(
            organiser_id=obj.organiser_id,
            by=person(request),
            details=form.details(),
            now=timezone.now(),
        )
        obj.pk = created.pk

    def response_add(
        self, request: HttpRequest, obj: Event, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Straight to the event's own page, where the next steps are."""
        super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(reverse("admin:events_event_change", args=[obj.pk]))

    def remove(self, request: HttpRequest, obj: Event) -> None:
        services.delete_event(event_id=obj.pk, by=person(request))

    @admin.action(description=_("Publish"), permissions=["change"])
    def publish(self, request: HttpRequest, events: QuerySet[Event]) -> None:
        def call(event: Event) -> Event:
            return services.publish_event(event_id=event.pk, by=person(request), now=timezone.now())

        call_for_each(self, request, events, call, done=_now("Published"))

    def history(self, obj: Event) -> QuerySet[Change]:
        return list_changes(event_id=obj.pk)


def _usual_entries(user: User) -> dict[str, Any]:
    """What the last event of the person's teams had: the next one is often alike."""
    last = None if user.is_staff else find_last_added_event(user)
    if last is None:
        return {}
    return {
        "timezone": last.timezone,
        "currency": last.currency,
        "venue": last.venue,
        "max_per_booking": last.max_per_booking,
    }
