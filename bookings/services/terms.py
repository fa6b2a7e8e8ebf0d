"""On what terms seats of an event are had: what stands in the way, besides there being too few."""

from datetime import datetime

from django.utils.translation import gettext as _

from evently.errors import Invalid, Refusal
from evently.instants import iso
from evently.site.templatetags.show import at
from events.errors import EventClosed, EventNotFound
from events.models import Event


def find_obstacle(event: Event, *, quantity: int, now: datetime) -> Refusal | None:
    """Why nobody can have so many seats of the event now: it is a draft, not on sale, or one
    booking has not so many seats."""
    if event.status == Event.Status.DRAFT:
        return EventNotFound()
    if not event.is_bookable(now):
        return _closed(event, now)
    if not 1 <= quantity <= event.max_per_booking:
        return Invalid(quantity=_choose(event))
    return None


def _choose(event: Event) -> str:
    return _("Choose between 1 and %(most)s seats.") % {"most": event.max_per_booking}


def _closed(event: Event, now: datetime) -> EventClosed:
    """Why nobody can book an event that `is_bookable` says no to."""
    if event.status == Event.Status.CANCELLED:
        return EventClosed(_("This event was cancelled."))
    if event.status == Event.Status.COMPLETED or event.ends_at <= now:
        return EventClosed(_("This event is over."))
    if event.sales_start_at and event.sales_start_at > now:
        moment = at(event.sales_start_at, event.timezone)
        begins = _("The sale begins on %(moment)s.") % {"moment": moment}
        return EventClosed(begins, sales_start_at=iso(event.sales_start_at))
    moment = at(event.sale_ends_at, event.timezone)
    ended = _("The sale ended on %(moment)s.") % {"moment": moment}
    return EventClosed(ended, sales_end_at=iso(event.sale_ends_at))
