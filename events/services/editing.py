"""Creating, changing, publishing, cancelling and deleting events."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import F, ProtectedError
from django.utils.translation import gettext as _

from evently.accounts.addresses import require_verified
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
    status_words,
)
from events.facts import EventCancelled, EventStateChanged, ListsChanged, Schedule
from events.inventory import change_capacity
from events.locks import lock_event
from events.models import Event
from events.queries import list_ended_events, may_see, rights_of
from events.roles import Capability
from events.services.moving import note_move
from events.services.recording import record_events, record_member

Status = Event.Status

# What a person may change, besides the capacity (the inventory's) and the status (by steps).
DETAILS = frozenset(
    {
        "name",
        "description",
        "venue",
        "starts_at",
        "ends_at",
        "sales_start_at",
        "sales_end_at",
        "timezone",
        "price",
        "currency",
        "max_per_booking",
        "repeat_bookings_allowed",
    }
)
CHANGEABLE = (*sorted(DETAILS), "capacity", "status")
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
        EmailUnverified: the person's address is not verified.
        OrganiserNotFound: none that the user is a member of.
        Forbidden: the user's role adds no events, or is for one event only.
        Invalid: a value breaks a rule; `errors` says which.
        WrongStatus: an event cannot begin as cancelled or completed.

    Side effects:
        Opens the transaction. Writes history. Publishes ListsChanged.
    """
    require_verified(by)
    event = Event(organiser_id=organiser_id, **details)
    event.available_seats = event.capacity
    if event.status not in {Status.DRAFT, Status.PUBLISHED}:
        raise WrongStatus(status="new", wanted=event.status)
    _check_details(event, now)
    with unit_of_work():
        _require_editor_of(organiser_id, by)
        event.save(force_insert=True)
        record_events([event], by=by, changes={"status": (None, event.status)})
        publish(ListsChanged((event.pk,)))
    return event


def edit_event(
    *,
    event_id: UUID,
    by: User,
    changes: Mapping[str, Any],
    expected_version: int | None,
    now: datetime,
) -> Event:
    """Change an event's details, capacity or status, unless somebody else did meanwhile.

    Seats that are sold meanwhile are no reason to refuse: `expected_version` is held against the
    last change made by a person. None changes the event in whatever state it is.

    Raises:
        EventNotFound, Forbidden: not the user's to see, or to change.
        StaleEvent: changed by somebody else after `expected_version`.
        EventClosed: cancelled or completed.
        CapacityBelowTaken, WrongStatus, Invalid: the change breaks a rule.

    Side effects:
        Opens the transaction. Locks the event row. Writes history. Publishes EventStateChanged and
        ListsChanged, EventMoved when time or place of an event on sale change, and EventCancelled
        when that is the new status.
    """
    with unit_of_work():
        event = _lock_for_editor(event_id, by)
        if expected_version is not None:
            _require_fresh(event, expected_version)
        if event.status in {Status.CANCELLED, Status.COMPLETED}:
            told = _("The event is %(status)s; it cannot be changed.")
            raise EventClosed(told % {"status": status_words()[event.status]})
        _apply(event, changes, by, now)
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

    Side effects:
        Opens the transaction. Locks the event row. Writes history. Takes the members away whom the
        team had for this event only. Publishes ListsChanged.
    """
    with unit_of_work():
        event = _lock_for_editor(event_id, by)
        _record_deletion(event, by)
        publish(ListsChanged((event.pk,)))
        try:
            event.delete()
        except ProtectedError as error:
            raise EventNotEmpty from error


def complete_ended_events(*, now: datetime) -> int:
    """Mark published events that are over as completed; returns how many.

    Side effects:
        Opens a transaction for each event. Locks its row. Writes history. Publishes
        EventStateChanged and ListsChanged.
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
        record_events([event], by=None, changes={"status": (Status.PUBLISHED, event.status)})
    return True


def _take_step(event_id: UUID, by: User, status: Event.Status, now: datetime) -> Event:
    with unit_of_work():
        event = _lock_for_editor(event_id, by)
        if event.status == status:
            raise WrongStatus(status=event.status, wanted=status)
        _apply(event, {"status": status}, by, now)
    return event


def _lock_for_editor(event_id: UUID, by: User) -> Event:
    event = lock_event(event_id)
    if not rights_of(by).may(Capability.EDIT_EVENTS, event):
        raise Forbidden if may_see(event, by) else EventNotFound
    return event


def _require_editor_of(organiser_id: UUID, by: User) -> None:
    rights = rights_of(by)
    if not rights.may_in_team(Capability.EDIT_EVENTS, organiser_id):
        raise Forbidden if rights.belongs_to(organiser_id) else OrganiserNotFound


def _record_deletion(event: Event, by: User) -> None:
    record_events([event], by=by, changes={"status": (event.status, None)})
    for member in event.memberships.select_related("user"):
        gone = {"role": (member.role, None), "only_event": (event.name, None)}
        record_member(member, by=by, changes=gone)


def _require_fresh(event: Event, expected_version: int) -> None:
    if not event.edited_version <= expected_version <= event.version:
        raise StaleEvent(current_version=event.version)


def _apply(event: Event, changes: Mapping[str, Any], by: User, now: datetime) -> None:
    """Bring the locked event to what `changes` say; nothing is written when nothing differs."""
    new = {name: changes[name] for name in CHANGEABLE if _differs(event, changes, name)}
    if not new:
        return
    before = {name: getattr(event, name) for name in new}
    schedule, was_on_sale = Schedule.of(event), event.status == Status.PUBLISHED
    details = DETAILS & new.keys()
    _step(event, Status(new.get("status", event.status)))
    _require_currency_kept(event, new.get("currency", event.currency))
    for name in details:
        setattr(event, name, new[name])
    if "capacity" in new:
        change_capacity(event, capacity=new["capacity"], now=now)
    if event.status != Status.CANCELLED:
        _check_details(event, now)
    moved = note_move(event, before=schedule, now=now) if was_on_sale else ()
    _write_details(event, [*details, "status", *moved])
    after = {name: (before[name], getattr(event, name)) for name in new}
    record_events([event], by=by, changes=after)


def _differs(event: Event, changes: Mapping[str, Any], name: str) -> bool:
    return name in changes and bool(getattr(event, name) != changes[name])


def _require_currency_kept(event: Event, currency: str) -> None:
    """Refuse another currency once seats are taken: their buyers owe what they were told."""
    if event.currency != currency and event.taken_seats:
        told = _("Seats were taken at a price in %(currency)s; it cannot change any more.")
        raise Invalid(currency=told % {"currency": event.currency})


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
        raise Invalid(ends_at=_("This lies in the past. An event must end in the future."))


def _write_details(event: Event, names: list[str]) -> None:
    values = {name: getattr(event, name) for name in names}
    if Event.is_searched(values):
        values["words"] = event.make_words()
    written = Event.objects.filter(pk=event.pk, version=event.version).update(
        **values, version=F("version") + 1, edited_version=F("version") + 1
    )
    if not written:
        raise Busy
    event.version += 1
    event.edited_version = event.version
    publish(EventStateChanged.of(event))
    publish(ListsChanged((event.pk,)))
