"""A person's places in lines: handing them out, and giving them up."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import ngettext

from evently.accounts.models import User
from evently.accounts.personal_data import PersonalData, nameless_address
from evently.history.models import Change
from evently.money import amount_text
from waitlist.errors import EntryNotFound
from waitlist.models import Entry, EntryQuerySet, Standing
from waitlist.queries import list_entries
from waitlist.services import leave_waitlist

ROWS_AT_ONCE = 500


def _collect(user: User) -> Iterator[dict[str, Any]]:
    for entry in list_entries(user=user).prefetch_related("offers").iterator(ROWS_AT_ONCE):
        yield {
            "event": entry.event.name,
            "organiser": entry.event.organiser.name,
            "seats": entry.quantity,
            "part_is_fine": entry.part_is_fine,
            "tier": entry.get_tier_display(),
            "status": entry.status,
            "joined_at": entry.joined_at,
            "ended_at": entry.ended_at,
            "offers": [
                {
                    "seats": offer.seats,
                    "unit_price": amount_text(offer.unit_price, offer.currency),
                    "currency": offer.currency,
                    "status": offer.status,
                    "made_at": offer.made_at,
                    "expires_at": offer.expires_at,
                    "ended_at": offer.ended_at,
                }
                for offer in entry.offers.all()
            ],
        }


def _foretell(user: User, now: datetime) -> Iterator[str]:
    waiting = _live(user).count()
    if waiting:
        yield ngettext(
            "You leave the waitlist that you are on.",
            "You leave the %(count)s waitlists that you are on.",
            waiting,
        ) % {"count": waiting}


def _release(user: User, now: datetime) -> None:
    for event_id in list(_live(user).values_list("event_id", flat=True)):
        try:
            leave_waitlist(event_id=event_id, user=user, now=now)
        except EntryNotFound:
            continue  # Ended meanwhile: nothing is left to give up.
    Standing.objects.filter(user=user).delete()
    # The history calls standings by their person's address: what was done stays, who it was
    # does not.
    own = Change.objects.filter(subject="standing", label=user.email)
    own.update(label=nameless_address(user))


def _live(user: User) -> EntryQuerySet:
    return Entry.objects.live().filter(user=user).order_by("pk")


PERSONAL_DATA = PersonalData(
    name="waitlists", collect=_collect, foretell=_foretell, release=_release
)
