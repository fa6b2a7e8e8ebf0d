"""Calling an event off in the admin: what it will do is shown first, then how far it is."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bookings.queries import cancellation_summary
from evently.site.pages import person
from evently.site.templatetags.show import money, number, seats
from events import services
from events.admin.events import EventAdmin
from events.admin.steps import EventStep
from events.models import Event


class CancelStep(EventStep):
    """Cancels the event; its bookings follow, a thousand at a time, by a worker."""

    name = "cancel"
    label = _("Cancel the event…")
    title = _("Cancel this event with all of its bookings?")
    button = _("Cancel the event")
    grave = True

    def is_possible(self) -> bool:
        return self.row.status == Event.Status.PUBLISHED

    def advice(self) -> list[str]:
        summary = cancellation_summary(event_id=self.row.pk)
        told = ngettext(
            "%(bookings)s booking with %(seats)s will be cancelled.",
            "%(bookings)s bookings with %(seats)s will be cancelled.",
            summary.bookings,
        ) % {"bookings": number(summary.bookings), "seats": seats(summary.seats)}
        refunds = [money(amount, currency) for currency, amount in summary.refunds.items()]
        owed = _now("To be refunded: %(amounts)s.") % {"amounts": " + ".join(refunds)}
        return [told, *([owed] if refunds else []), _now("This cannot be taken back.")]

    def take(self, now: datetime) -> str:
        services.cancel_event(event_id=self.row.pk, by=self.by, now=now)
        return _now("“%(event)s” is cancelled; its bookings follow.") % {"event": self.row}

    def next_address(self) -> str:
        return reverse("admin:bookings_booking_cancelling", args=[self.row.pk])


EventAdmin.steps = [*EventAdmin.steps, CancelStep]


def show_progress(request: HttpRequest, event_id: UUID, context: dict[str, Any]) -> HttpResponse:
    """How many bookings of a cancelled event are cancelled; the page asks again by itself."""
    event = Event.objects.of_team(person(request)).filter(pk=event_id).first()
    if event is None:
        raise PermissionDenied
    summary = cancellation_summary(event_id=event_id)
    context |= {
        "title": _now("Cancelling “%(event)s”") % {"event": event},
        "event": event,
        "done": summary.done,
        "total": summary.done + summary.bookings,
        "is_finished": not summary.bookings,
    }
    part = "admin/bookings/booking/progress.html"
    page = "admin/bookings/booking/cancelling.html"
    return TemplateResponse(request, part if "HX-Request" in request.headers else page, context)
