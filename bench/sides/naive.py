"""The reference: booking as one writes it at first.

One transaction for each request, and three locks: one in Redis for the person and the event, the
event's row, and a version check. It is right, and as slow as that is. Tokens, limits, the shapes of
requests and answers and the server program are those of Evently.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django_redis import get_redis_connection
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from bookings.errors import AlreadyBooked, BookingInProgress, SoldOut
from bookings.locks import RELEASE
from bookings.models import Booking
from bookings.serializers import BookingIn, BookingOut
from evently.accounts.models import User
from evently.api.views import ApiView, takes
from evently.errors import Busy
from events.errors import EventClosed, EventNotFound
from events.models import Event

LOCK_MS = 30_000


class NaiveBookingsView(ApiView):
    @takes(BookingIn)
    def post(self, request: Request) -> Response:
        wish = self.given
        with _redis_lock(f"booking_lock:{self.person.pk}:{wish['event_id']}"):
            booking = _book(self.person, wish)
        where = {"Location": f"{request.path}/{booking.reference}"}
        return Response(BookingOut(booking).data, status.HTTP_201_CREATED, headers=where)


@contextmanager
def _redis_lock(key: str) -> Iterator[None]:
    redis, token = get_redis_connection(), secrets.token_hex(16)
    if not redis.set(key, token, px=LOCK_MS, nx=True):
        raise BookingInProgress
    try:
        yield
    finally:
        redis.eval(RELEASE, 1, key, token)


@transaction.atomic
def _book(person: User, wish: dict[str, Any]) -> Booking:
    event = Event.objects.select_for_update().filter(pk=wish["event_id"]).first()
    if event is None:
        raise EventNotFound
    if not event.is_bookable(timezone.now()):
        raise EventClosed
    if Booking.objects.live().filter(event=event, user=person).exists():
        raise AlreadyBooked
    _take_seats(event, wish["quantity"])
    return Booking.objects.create(
        event=event,
        user=person,
        quantity=wish["quantity"],
        unit_price=event.price,
        currency=event.currency,
        created_at=timezone.now(),
    )


def _take_seats(event: Event, quantity: int) -> None:
    if event.available_seats < quantity:
        raise SoldOut.short_of(wanted=quantity, available=event.available_seats, event_id=event.pk)
    written = Event.objects.filter(pk=event.pk, version=event.version).update(
        available_seats=F("available_seats") - quantity, version=F("version") + 1
    )
    if not written:
        raise Busy
