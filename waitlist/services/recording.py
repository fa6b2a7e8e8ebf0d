"""What the history keeps of waitlists: what a team does, not what those who wait do."""

from collections.abc import Mapping
from typing import Any

from evently.accounts.models import User
from evently.history.services import Subject, record
from events.models import Event
from waitlist.models import Entry, Standing

Changes = Mapping[str, tuple[Any, Any]]


def record_rules(event: Event, *, by: User, changes: Changes) -> None:
    """Keep a change of the rules of an event's line, called by the event's name."""
    subject = Subject(
        kind="waitlist",
        id=event.pk,
        label=event.name,
        organiser_id=event.organiser_id,
        event_id=event.pk,
    )
    record([subject], by=by, changes=changes)


def record_entry(event: Event, entry: Entry, *, by: User, changes: Changes) -> None:
    """Keep what was done with somebody's entry, called by its number, which names nobody."""
    subject = Subject(
        kind="entry",
        id=entry.pk,
        label=f"#{entry.number}",
        organiser_id=event.organiser_id,
        event_id=event.pk,
    )
    record([subject], by=by, changes=changes)


def record_standing(standing: Standing, *, by: User, changes: Changes) -> None:
    """Keep the change of a person's tier, called by the address of their account."""
    subject = Subject(
        kind="standing",
        id=standing.pk,
        label=standing.user.email,
        organiser_id=standing.organiser_id,
    )
    record([subject], by=by, changes=changes)
