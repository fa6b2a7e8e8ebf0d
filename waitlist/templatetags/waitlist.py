"""What pages of other apps show of the waitlist."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import gettext

from evently.accounts.models import User
from waitlist.models import Entry, Offer
from waitlist.odds import Interval, Prospect, prospect_of_joining, prospects_of
from waitlist.queries import find_entry, find_open_offer, find_rules, list_entries, offer_token
from waitlist.telling import chance_words, wait_words

register = template.Library()
MOST_PLACES = 50


@register.filter
def chance(interval: Interval) -> str:
    return chance_words(interval)


@register.filter
def wait(interval: Interval) -> str:
    return wait_words(interval)


@register.filter
def token(offer: Offer) -> str:
    return offer_token(offer)


@dataclass(frozen=True, slots=True)
class StandingInLine:
    """Somebody's place, and the seats that are held for them if there are any."""

    entry: Entry
    offer: Offer | None
    prospect: Prospect


@register.simple_tag(takes_context=True)
def standing_in_line(context: template.Context, event: Any) -> StandingInLine | None:
    """The visitor's place in the event's line, or the offer that came of it."""
    user = context.get("user")
    entry = find_entry(event_id=event.pk, user=user) if isinstance(user, User) else None
    if entry is None:
        return None
    entry.event = event
    prospect = prospects_of([entry], now=timezone.now())[entry.pk]
    return StandingInLine(entry, find_open_offer(entry), prospect)


@register.inclusion_tag("waitlist/way_in.html", takes_context=True)
def way_to_waitlist(context: template.Context, event: Any, seats: str) -> dict[str, Any]:
    """On the page of a sold-out event: what one would find who joined now, and the way there.

    A stranger's page is kept for everybody and has no figures: they would grow old.
    """
    user, now = context.get("user"), timezone.now()
    number = int(seats) if seats.isdecimal() and 1 <= len(seats) < 7 else 1
    shown: dict[str, Any] = {"event": event, "seats": max(1, min(number, event.max_per_booking))}
    if isinstance(user, User) and not event.available_seats and event.is_bookable(now):
        shown["prospect"] = prospect_of_joining(event, user=user, seats=shown["seats"], now=now)
        shown["is_paused"] = find_rules(event_id=event.pk).is_paused
    return shown


@register.inclusion_tag("waitlist/places.html")
def own_places(user: User) -> dict[str, Any]:
    """On a person's own page: all their offers and places, the offers first."""
    entries = list(list_entries(user=user).live()[:MOST_PLACES])
    offers = Offer.objects.open().filter(entry__in=entries).select_related("event")
    waiting = [entry for entry in entries if entry.status == Entry.Status.WAITING]
    prospects = prospects_of(waiting, now=timezone.now())
    return {
        "offers": list(offers.order_by("expires_at")),
        "places": [(entry, prospects[entry.pk]) for entry in waiting],
    }


@register.simple_tag
def offer_words() -> dict[str, str]:
    """What `offer.js` says, by the seconds that are left."""
    return {
        "300": gettext("5 minutes left to take the offer."),
        "60": gettext("1 minute left to take the offer."),
        "over": gettext("The time is over. The seats go on to others."),
    }
