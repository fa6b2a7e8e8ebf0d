"""What the history keeps of events, members and organisers."""

from collections.abc import Iterable, Mapping
from typing import Any

from evently.accounts.models import User
from evently.history.services import Subject, record
from events.models import Event, Invitation, Membership, Organiser

Changes = Mapping[str, tuple[Any, Any]]


def record_events(events: Iterable[Event], *, by: User | None, changes: Changes) -> None:
    """Keep the same change of each event, called by its name now."""
    subjects = [
        Subject(
            kind="event",
            id=event.pk,
            label=event.name,
            organiser_id=event.organiser_id,
            event_id=event.pk,
        )
        for event in events
    ]
    record(subjects, by=by, changes=changes)


def record_member(member: Membership, *, by: User, changes: Changes) -> None:
    """Keep the change of a member, called by the address of their account."""
    subject = Subject(
        kind="member",
        id=member.pk,
        label=member.user.email,
        organiser_id=member.organiser_id,
        event_id=member.only_event_id,
    )
    record([subject], by=by, changes=changes)


def record_invitation(invitation: Invitation, *, by: User, changes: Changes) -> None:
    """Keep what was offered to an address, or taken back."""
    subject = Subject(
        kind="invitation",
        id=invitation.pk,
        label=invitation.email,
        organiser_id=invitation.organiser_id,
        event_id=invitation.only_event_id,
    )
    record([subject], by=by, changes=changes)


def record_organiser(organiser: Organiser, *, by: User, changes: Changes) -> None:
    subject = Subject(
        kind="organiser", id=organiser.pk, label=organiser.name, organiser_id=organiser.pk
    )
    record([subject], by=by, changes=changes)
