"""Says on Redis that something is new for people: that it is, not what (`notifications.live`)."""

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from events.live import announcer
from waitlist.facts import LineMoved

HINT = "new"


class OfPerson(Protocol):
    """A fact that concerns one person."""

    @property
    def user_id(self) -> UUID: ...


def channel_of(user_id: UUID) -> str:
    """Where it is said that something is new for a person."""
    return f"evently:person:{user_id.hex}"


def line_channel_of(event_id: UUID) -> str:
    """Where it is said that places in the event's line have moved."""
    return f"evently:line:{event_id.hex}"


def tell_people(user_ids: Iterable[UUID]) -> None:
    """Something is new for these people: call it after the commit. Never waits."""
    announcer.say({channel_of(user_id): HINT for user_id in user_ids})


def tell_owner(fact: OfPerson) -> None:
    """Something is new for the person of whom the fact tells; subscribed to facts."""
    tell_people([fact.user_id])


def tell_line(fact: LineMoved) -> None:
    """People who wait for the event have other places than before; subscribed to the fact."""
    announcer.say({line_channel_of(fact.event_id): HINT})
