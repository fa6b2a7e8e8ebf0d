"""Rows of the waitlist are read and written with their event's row locked: the one lock there is.

Whoever knows an entry or an offer alone gets its event locked, and the row as it is under the lock.
"""

from uuid import UUID

from evently.accounts.models import User
from evently.errors import Forbidden
from events.errors import EventNotFound
from events.locks import lock_event
from events.models import Event
from events.queries import may_see, rights_of
from events.roles import Capability
from waitlist.errors import EntryNotFound, OfferNotFound
from waitlist.models import Entry, Offer, Waitlist


def lock_line(event_id: UUID) -> tuple[Event, Waitlist]:
    """The event, locked, and its line, made if it has none.

    Raises:
        EventNotFound: no such event.
    """
    event = lock_event(event_id)
    line, _ = Waitlist.objects.get_or_create(pk=event.pk)
    return event, line


def lock_event_for_editor(event_id: UUID, by: User) -> Event:
    """The event, locked, for somebody who may edit it.

    Raises:
        EventNotFound, Forbidden: not the user's to see, or to change.
    """
    event = lock_event(event_id)
    if not rights_of(by).may(Capability.EDIT_EVENTS, event):
        raise Forbidden if may_see(event, by) else EventNotFound
    return event


def lock_entry_for_editor(entry_id: UUID, by: User) -> tuple[Event, Entry]:
    """The entry of an event that the user may edit, and that event, locked.

    Raises:
        EntryNotFound: no such entry, or none of the user's teams.
        Forbidden: the user's role looks on.
    """
    found = Entry.objects.of_team(by).filter(pk=entry_id).values_list("event_id").first()
    if found is None:
        raise EntryNotFound
    event = _lock_for_editor(*found, by)
    return event, Entry.objects.get(pk=entry_id)


def lock_offer_for_editor(offer_id: UUID, by: User) -> tuple[Event, Offer]:
    """The offer with its entry, of an event that the user may edit, and that event, locked.

    Raises:
        OfferNotFound: no such offer, or none of the user's teams.
        Forbidden: the user's role looks on.
    """
    entries = Entry.objects.of_team(by)
    offers = Offer.objects.filter(pk=offer_id, entry__in=entries)
    found = offers.values_list("event_id").first()
    if found is None:
        raise OfferNotFound
    event = _lock_for_editor(*found, by)
    return event, _read_offer(offer_id)


def lock_own_offer(offer_id: UUID, user: User) -> tuple[Event, Offer]:
    """The person's own offer with its entry, and the event, locked.

    Raises:
        OfferNotFound: no such offer, or somebody else's.
    """
    found = Offer.objects.filter(pk=offer_id, user=user).values_list("event_id").first()
    if found is None:
        raise OfferNotFound
    event = lock_event(*found)
    return event, _read_offer(offer_id)


def _lock_for_editor(event_id: UUID, by: User) -> Event:
    event = lock_event(event_id)
    if not rights_of(by).may(Capability.EDIT_EVENTS, event):
        raise Forbidden
    return event


def _read_offer(offer_id: UUID) -> Offer:
    return Offer.objects.select_related("entry").get(pk=offer_id)
