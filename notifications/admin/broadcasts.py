"""An organiser's messages: written on a step of the event, then looked after until all are out."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Case, QuerySet, Value, When
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from evently.accounts.models import User
from evently.fields import LineInput, ParagraphsInput
from evently.site.pages import person
from evently.site.templatetags.show import brief, number
from events.admin.events import EventAdmin
from events.admin.steps import EventStep
from events.admin.team import TeamAdmin, rights
from events.models import Event
from events.roles import Capability
from notifications import services
from notifications.audience import count_audience
from notifications.letters import Letter
from notifications.models import Broadcast, Delivery, Kind
from notifications.queries import deliveries_of, delivery_summary, list_failures
from notifications.rendering import write
from notifications.serializers import MAX_BODY, MAX_SUBJECT

FAILURES_SHOWN = 200
EVENTS_SHOWN = 200
# Mails that nothing more will become of.
ENDED = ("sent", "delivered", "failed", "suppressed", "unconfirmed")


def writes_to_people(request: HttpRequest) -> bool:
    """For the sidebar: whether there can be an event whose people the person may write to."""
    return rights(request).may_somewhere(Capability.EDIT_EVENTS)


class BroadcastStep(EventStep):
    """Write to the people of an event. The page is shown again after a preview and after a test."""

    name = "broadcast"
    label = _("Write to the people…")
    title = _("Write to the people of this event")
    button = _("Send to everybody")
    template = "admin/notifications/broadcast/write.html"

    audience = forms.ChoiceField(
        label=_("To"),
        choices=Broadcast.Audience.choices,
        initial=Broadcast.Audience.BOOKED,
        widget=UnfoldAdminRadioSelectWidget(),
    )
    subject = LineInput(
        label=_("Subject"), max_length=MAX_SUBJECT, widget=UnfoldAdminTextInputWidget()
    )
    body = ParagraphsInput(
        label=_("Text"),
        max_length=MAX_BODY,
        widget=UnfoldAdminTextareaWidget(),
        help_text=_("Plain text; an empty line begins a paragraph."),
    )

    def __init__(self, row: Event, by: User, data: Any = None) -> None:
        super().__init__(row, by, data)
        self.preview = ""
        self.broadcast: Broadcast | None = None

    def is_possible(self) -> bool:
        return self.row.status != Event.Status.DRAFT

    def advice(self) -> list[str]:
        told = _now("Have booked: %(booked)s. Wait: %(waiting)s. Nobody gets it twice.")
        counts = {
            name: number(count_audience(event_id=self.row.pk, audience=name))
            for name in ("booked", "waiting")
        }
        return [told % counts, _now("Who wants no such mails finds it among their notices alone.")]

    def take(self, now: datetime) -> str:
        """What the pressed button says: a preview, a test to oneself, or the real thing."""
        words = {name: self.cleaned_data[name] for name in ("subject", "body")}
        button = self.data.get("button")
        self.stays = button in {"preview", "test"}
        if button == "preview":
            self.preview = self._preview(words)
            return ""
        if button == "test":
            services.send_test(event_id=self.row.pk, by=self.by, **words)
            return _now("A test is on its way to %(email)s.") % {"email": self.by.email}
        self.broadcast = services.send_broadcast(
            event_id=self.row.pk,
            by=self.by,
            audience=self.cleaned_data["audience"],
            now=now,
            **words,
        )
        return _now("Your message is on its way.")

    def next_address(self) -> str:
        assert self.broadcast
        return reverse("admin:notifications_broadcast_change", args=[self.broadcast.pk])

    def _preview(self, words: dict[str, str]) -> str:
        language = get_language() or "en"
        letter = Letter(
            kind=Kind.BROADCAST,
            reader=self.by,
            language=language,
            event=self.row,
            subject=words["subject"],
            body=words["body"],
        )
        return write(letter).html


EventAdmin.steps = [*EventAdmin.steps, BroadcastStep]


class NamedEventField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Events with their dates: the same name is often given twice."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj} · {brief(obj.starts_at, obj.timezone)}"


class EventChoice(forms.Form):
    """One of the published events for which the person may write: those to come first."""

    event = NamedEventField(
        label=_("Event"), queryset=Event.objects.none(), widget=UnfoldAdminSelectWidget()
    )

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data)
        events = Event.objects.of_team(user, Capability.EDIT_EVENTS)
        is_over = Case(When(ends_at__lt=Now(), then=Value(1)), default=Value(0))
        self.events = events.exclude(status=Event.Status.DRAFT).order_by(is_over, "starts_at", "id")
        shown = [event.pk for event in self.events[:EVENTS_SHOWN]]
        field: Any = self.fields["event"]
        field.queryset = self.events.filter(pk__in=shown)


@admin.register(Broadcast)
class BroadcastAdmin(TeamAdmin[Broadcast]):
    changing = Capability.EDIT_EVENTS
    list_display = ("subject", "event", "audience", "state", "people", "made")
    list_select_related = ("event",)
    list_filter = ("status",)
    fields = ("event", "audience", "subject", "body", "by", "made")
    readonly_fields = fields
    list_before_template = "admin/notifications/broadcast/list.html"
    change_form_outer_before_template = "admin/notifications/broadcast/progress.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Broadcast]:
        """Without the long columns of what is joined, which no screen shows."""
        rows = super().get_queryset(request).select_related("event__organiser", "by")
        return rows.defer("event__words", "event__description", "by__password")

    def scope(self, rows: QuerySet[Broadcast], user: User) -> QuerySet[Broadcast]:
        if user.is_staff:
            return rows
        return rows.filter(event__in=Event.objects.of_team(user, self.changing))

    def allows(self, request: HttpRequest, capability: Capability, obj: Broadcast) -> bool:
        return rights(request).may(capability, obj.event)

    @display(
        description=_("status"),
        ordering="status",
        label={"queued": "info", "written": "success"},
    )
    def state(self, broadcast: Broadcast) -> tuple[str, str]:
        return broadcast.status, broadcast.get_status_display()

    @display(description=_("written at"), ordering="created_at")
    def made(self, broadcast: Broadcast) -> str:
        return brief(broadcast.created_at, broadcast.event.timezone)

    def has_view_permission(self, request: HttpRequest, obj: Broadcast | None = None) -> bool:
        """Its failures name people and addresses: only for those who may write to them."""
        return self.may(request, self.changing, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # On the event's own page: `BroadcastStep`.

    def has_change_permission(self, request: HttpRequest, obj: Broadcast | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Broadcast | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        progress = path(
            "<path:object_id>/progress/",
            self.admin_site.admin_view(self.progress_view),
            name="notifications_broadcast_progress",
        )
        choose = path(
            "write/",
            self.admin_site.admin_view(self.choose_view),
            name="notifications_broadcast_write",
        )
        return [choose, progress, *super().get_urls()]

    def choose_view(self, request: HttpRequest) -> HttpResponse:
        """Whose people to write to; the message itself is written on the event's own step."""
        if not writes_to_people(request):
            raise PermissionDenied
        form = EventChoice(person(request), request.GET if "event" in request.GET else None)
        if form.is_bound and form.is_valid():
            event = form.cleaned_data["event"]
            return redirect("admin:events_event_broadcast", object_id=event.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _now("Write a message"),
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "admin/notifications/broadcast/choose.html", context)

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The part of the page that shows how far it is, which asks for itself again."""
        broadcast = self.get_object(request, object_id)
        if broadcast is None:
            raise PermissionDenied
        part = "admin/notifications/broadcast/progress.html"
        return TemplateResponse(request, part, progress_of(broadcast))

    def render_change_form(
        self,
        request: HttpRequest,
        context: Any,
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Broadcast | None = None,
    ) -> Any:
        if obj:
            context |= progress_of(obj)
        return super().render_change_form(request, context, add, change, form_url, obj)


def progress_of(broadcast: Broadcast) -> dict[str, Any]:
    """How many notices are written and how many mails are out, and which came to nothing."""
    by_status = delivery_summary(deliveries_of(broadcast)).by_status
    out = sum(by_status[status] for status in ENDED)
    told = services.count_told(broadcast)
    is_written = broadcast.status == Broadcast.Status.WRITTEN
    return {
        "broadcast": broadcast,
        "told": told,
        "mails": sum(by_status.values()),
        "out": out,
        "states": [
            (Delivery.Status(status).label, count) for status, count in by_status.items() if count
        ],
        "is_finished": is_written and out == sum(by_status.values()),
        "failures": list_failures(broadcast)[:FAILURES_SHOWN],
    }
