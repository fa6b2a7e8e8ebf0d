"""An event in the words of schema.org, for search engines."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from evently.money import amount_text
from events.models import Event

SCHEMA = "https://schema.org/"


def event_document(event: Event, *, address: str, image: str, now: datetime) -> dict[str, Any]:
    """The event as a schema.org `Event` with one offer; times carry the event's own offset.

    Args:
        address: the whole address of the event's page.
        image: the whole address of a picture.
        now: aware UTC instant, read once at the edge.
    """
    zone = ZoneInfo(event.timezone)
    is_off = event.status == Event.Status.CANCELLED
    document = {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": event.name,
        "description": event.description,
        "url": address,
        "image": image,
        "startDate": event.starts_at.astimezone(zone).isoformat(),
        "endDate": event.ends_at.astimezone(zone).isoformat(),
        "eventStatus": SCHEMA + ("EventCancelled" if is_off else "EventScheduled"),
        "location": {"@type": "Place", "name": event.venue, "address": event.venue},
        "organizer": {"@type": "Organization", "name": event.organiser.name},
        "offers": _offer(event, address=address, zone=zone, now=now),
    }
    return {name: value for name, value in document.items() if value}


def _offer(event: Event, *, address: str, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    begins = event.sales_start_at or event.created_at
    return {
        "@type": "Offer",
        "url": address,
        "price": amount_text(event.price, event.currency),
        "priceCurrency": event.currency,
        "availability": SCHEMA + _availability(event, now),
        "validFrom": begins.astimezone(zone).isoformat(timespec="seconds"),
        "validThrough": event.sale_ends_at.astimezone(zone).isoformat(timespec="seconds"),
    }


def _availability(event: Event, now: datetime) -> str:
    if (
        event.status == Event.Status.PUBLISHED
        and event.sales_start_at
        and now < event.sales_start_at
    ):
        return "PreOrder"
    if not event.is_bookable(now):
        return "OutOfStock"
    return "InStock" if event.available_seats else "SoldOut"
