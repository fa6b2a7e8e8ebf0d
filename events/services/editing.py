"""Creating, changing, publishing, cancelling and deleting events."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import F, ProtectedError

from evently.accounts.models import User
from evently.errors import Busy, Forbidden, Invalid
from evently.facts import publish
from evently.transactions import unit_of_work
from events.errors import (
    EventClosed,
    EventNotEmpty,
    EventNotFound,
    OrganiserNotFound,
    StaleEvent,
    WrongStatus,
)
from events.facts import EventCancelled, EventStateChanged
from events.inventory import change_capacity
from events.locks import lock_event
from events.models import Event
from events.queries import list_ended_events, list_organisers, may_edit, may_see

Status = Event.Status

# What a person may change, besides the capacity (the inventory's) and the status (by steps).
DETAILS = frozenset(
    {
        "name",
        "description",
        "venue",
        "starts_at",
        "ends_at",
        "timezone",
        "price",
        "currency",
        "max_per_booking",
        "repeat_bookings_allowed",
    }
)
STEPS = {
    Status.DRAFT: {Status.PUBLISHED},
    Status.PUBLISHED: {Status.CANCELLED},
}


def create_event(
    *, organiser_id: UUID, by: User, details: Mapping[str, Any], now: datetime
) -> Event:
    """Add an event, all of its seats free; a draft unless `details` say published.

    Args:
        details: values of the event's own fields, `capacity` and `status` among them.
        now: aware UTC instant, read once at the edge.

    Raises:
        OrganiserNotFound: none that the user is a member of.
        Forbidden: the user only looks on in this team.
        Invalid: a value breaks a rule; `errors` says which.
        WrongStatus: an event cannot begin as cancelled or completed.

    Side effects:
        Opens the transaction.
    """
    event = Event(organiser_id=organiser_id, **details)
    event.available_seats = event.capacity
    if event.status not in {Status.DRAFT, Status.PUBLISHED}:
        raise WrongStatus(status="new", wanted=event.status)
    _check_details(event, now)
    with unit_of_work():
        _require_editor_of(organiser_id, by)
        event.save(force_insert=True)
    return event


def edit_event(
    *,
    event_id: UUID,
    by: User,
    changes: Mapping[str, Any],
    expected_version: int,
    now: datetime,
) -> Event:
    """Change an event's details, capacity or status, unless somebody else did meanwhile.

    Seats that are sold meanwhile are no reason to refuse: `expected_version` is held against the
    last change made by a person.

    Raises:
        EventNotFound, Forbidden: not the user's to see, or to change.
        StaleEvent: changed by somebody else after `expected_version`.
        EventClosed: cancelled or completed.
        CapacityBelowTaken, WrongStatus, Invalid: the change breaks a rule.

    Side effects:
        Opens the transaction. Locks the event row. Publishes EventStateChanged, and EventCancelled
        when that is the new status.
    """
    with unit_of_work():
        event = _lock_for_editor(event_id, by)
        _require_fresh(event, expected_version)
        if event.status in {Status.CANCELLED, Status.COMPLETED}:
            raise EventClosed(f"The event is {event.status}; it cannot be changed.")
        _apply(event, changes, now)
    return event


def publish_event(*, event_id: UUID, by: User, now: datetime) -> Event:
    """Put a draft on sale. Raises and side effects as `edit_event`."""
    return _take_step(event_id, by, Status.PUBLISHED, now)


def cancel_event(*, event_id: UUID, by: User, now: datetime) -> Event:
    """Call a published event off; its bookings are cancelled by those who hear of it.

    Raises and side effects as `edit_event`.
    """
    return _take_step(event_id, by, Status.CANCELLED, now)


def delete_event(*, event_id: UUID, by: User) -> None:
    """Remove an event that nobody ever booked.

    Raises:
        EventNotFound, Forbidden: not the user's to see, or to change.
        EventNotEmpty: something refers to it; cancel it instead.
    """
    with unit_of_work():
        event = _lock_for_editor(event_id, by)
        try:
            event.delete()
        except ProtectedError as error:
            raise EventNotEmpty from error


def complete_ended_events(*, now: datetime) -> int:
    """Mark published events that are over as completed; returns how many.

    Side effects:
        Opens a transaction for each event. Locks its row. Publishes EventStateChanged.
    """
    ended = list_ended_events(now=now)
    return sum(_complete(event.pk, now) for event in ended)


def _complete(event_id: UUID, now: datetime) -> bool:
    with unit_of_work():
        event = lock_event(event_id)
        if event.status != Status.PUBLISHED or event.ends_at > now:
            return False
        event.status = Status.COMPLETED
        _write_details(event, ["status"])
    return True


def _take_step(event_id: UUID, by: User, status: Event.Status, now: datetime) -> Event:
    with unit_of_work():
        event = _lock_for_editor(event_id, by)
        if event.status == status:
            raise WrongStatus(status=event.status, wanted=status)
        _apply(event, {"status": status}, now)
    return event


def _lock_for_editor(event_id: UUID, by: User) -> Event:
    event = lock_event(event_id)
    if not may_edit(event.organiser_id, by):
        raise Forbidden if may_see(event, by) else EventNotFound
    return event


def _require_editor_of(organiser_id: UUID, by: User) -> None:
    if not may_edit(organiser_id, by):
        belongs = list_organisers(user=by).filter(pk=organiser_id).exists()
        raise Forbidden if belongs else OrganiserNotFound


def _require_fresh(event: Event, expected_version: int) -> None:
    if not event.edited_version <= expected_version <= event.version:
        raise StaleEvent(current_version=event.version)


def _apply(event: Event, changes: Mapping[str, Any], now: datetime) -> None:
    """Bring the locked event to what `changes` say; nothing is written when nothing differs."""
    details = {
        name: value
        for name, value in changes.items()
        if name in DETAILS and getattr(event, name) != value
    }
    capacity = changes.get("capacity", event.capacity)
    status = Status(changes.get("status", event.status))
    if not details and capacity == event.capacity and status == event.status:
        return
    _step(event, status)
    for name, value in details.items():
        setattr(event, name, value)
    if capacity != event.capacity:
        change_capacity(event, capacity=capacity)
    if status != Status.CANCELLED:
        _check_details(event, now)
    _write_details(event, [*details, "status"])


def _step(event: Event, status: Event.Status) -> None:
    if status == event.status:
        return
    if status not in STEPS.get(Status(event.status), set()):
        raise WrongStatus(status=event.status, wanted=status)
    event.status = status
    if status == Status.CANCELLED:
        publish(EventCancelled(event.pk))


def _check_details(event: Event, now: datetime) -> None:
    """The model's own rules, and that the event is not over yet."""
    try:
        event.full_clean(exclude={"organiser"}, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise Invalid(**error.message_dict) from error
    if event.ends_at <= now:
        raise Invalid(ends_at="This lies in the past. An event must end in the future.")


def _write_details(event: Event, names: list[str]) -> None:
    values = {name: getattr(event, name) for name in names}
    written = Event.objects.filter(pk=event.pk, version=event.version).update(
        **values, version=F("version") + 1, edited_version=F("version") + 1
    )
    if not written:
        raise Busy
    event.version += 1
    event.edited_version = event.version
    publish(EventStateChanged.of(event))
