"""Makers of the people and things that tests need: typed functions with sensible defaults."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.db import connection
from django.db.models import Model

from bookings.models import Booking
from bookings.services import BookingRequest, book
from evently.accounts.models import User
from events.models import Event, Membership, Organiser, Role

PASSWORD = "correct horse battery 9"
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)

_numbers = count(1)


def make_user(name: str = "Ada", *, verified: bool = True, **fields: Any) -> User:
    """A person with a usable password (`PASSWORD`) and a verified address of their own."""
    plain = re.sub("[^a-z0-9]", "", name.lower())[:30] or "user"
    email = fields.pop("email", f"{plain}{next(_numbers)}@example.com")
    verified_at = NOW if verified else None
    return User.objects.create_user(
        email, PASSWORD, name=name, email_verified_at=verified_at, **fields
    )


def make_users(number: int) -> list[User]:
    """Many people at once, without a password."""
    users = [
        User(email=f"buyer{next(_numbers)}@example.com", password="!", email_verified_at=NOW)
        for _ in range(number)
    ]
    return User.objects.bulk_create(users)


def make_organiser(owner: User | None = None, name: str = "Blue Note") -> Organiser:
    organiser = Organiser.objects.create(name=name)
    if owner:
        add_member(organiser, owner, Role.OWNER)
    return organiser


def add_member(
    organiser: Organiser, user: User, role: Role, only_event: Event | None = None
) -> Membership:
    return Membership.objects.create(
        organiser=organiser, user=user, role=role, only_event=only_event
    )


def make_event(organiser: Organiser | None = None, **fields: Any) -> Event:
    """A published event 30 days after the real now, 100 seats, 20 EUR."""
    starts_at = fields.pop("starts_at", datetime.now(UTC) + timedelta(days=30))
    values: dict[str, Any] = {
        "name": "Late Jazz",
        "venue": "Cellar",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=3),
        "timezone": "Europe/Berlin",
        "capacity": 100,
        "price": Decimal("20.00"),
        "status": Event.Status.PUBLISHED,
    } | fields
    values.setdefault("available_seats", values["capacity"])
    return Event.objects.create(organiser=organiser or make_organiser(), **values)


def make_booking(event: Event, user: User | None = None, quantity: int = 1) -> Booking:
    """A booking made through the service, so that the counters are right."""
    request = BookingRequest(user_id=(user or make_user()).pk, quantity=quantity)
    return book(event_id=event.pk, request=request, now=datetime.now(UTC))


def mark_paid(*bookings: Booking) -> None:
    """What the organiser notes when the whole price was paid, without the history of it."""
    for booking in bookings:
        paid = {"amount_received": booking.total, "received_at": booking.created_at}
        Booking.objects.filter(pk=booking.pk).update(**paid)


def store_as_it_is(row: Model, **texts: str) -> None:
    """Write texts past the rules of their fields, as rows have them from before a rule."""
    names = ", ".join(f"{name} = %s" for name in texts)
    table = row._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {names} WHERE id = %s", [*texts.values(), row.pk])
