"""/api/v1/bookings."""

import re

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from bookings import queries, services
from bookings.errors import (
    AlreadyBooked,
    AlreadyCancelled,
    BookingInProgress,
    IdempotencyMismatch,
    SoldOut,
)
from bookings.serializers import BookingIn, BookingOut
from evently.api.pagination import PageIn, paginated
from evently.api.schema import LOCATION, refuses
from evently.api.views import ApiView
from evently.errors import Forbidden, Invalid
from events.errors import EventClosed, EventNotFound

KEY = r"^[\x21-\x7e]{1,255}$"
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": KEY, "minLength": 1, "maxLength": 255},
    OpenApiParameter.HEADER,
    description="A repeated request with the same key gets the first answer, for 24 hours.",
)


class BookingsView(ApiView):
    @extend_schema(parameters=[PageIn], responses=paginated(BookingOut), tags=["bookings"])
    def get(self, request: Request) -> Response:
        """The caller's bookings, newest first."""
        return self.page(queries.list_bookings(user=self.person), BookingOut)

    @extend_schema(
        request=BookingIn,
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        responses={201: BookingOut},
        tags=["bookings"],
    )
    @refuses(
        EventNotFound, EventClosed, SoldOut, AlreadyBooked, BookingInProgress, IdempotencyMismatch
    )
    def post(self, request: Request) -> Response:
        """Book seats. `sold-out` tells in `available_seats` how many are left, and in `waitlist`
        where to wait for more: POST to that address."""
        wish = self.read(BookingIn)
        booking = services.book_in_company(
            event_id=wish["event_id"],
            request=services.BookingRequest(
                user_id=self.person.pk,
                quantity=wish["quantity"],
                idempotency_key=_idempotency_key(request),
            ),
            now=timezone.now(),
        )
        where = {"Location": f"{request.path}/{booking.reference}"}
        return Response(BookingOut(booking).data, status.HTTP_201_CREATED, headers=where)


class BookingView(ApiView):
    @extend_schema(responses=BookingOut, tags=["bookings"])
    def get(self, request: Request, reference: str) -> Response:
        """One booking, by its reference."""
        booking = queries.get_booking(reference=reference, user=self.person)
        return Response(BookingOut(booking).data)


class CancelBookingView(ApiView):
    @extend_schema(request=None, responses={200: BookingOut}, tags=["bookings"])
    @refuses(Forbidden, AlreadyCancelled, EventClosed)
    def post(self, request: Request, reference: str) -> Response:
        """Cancel a booking; its seats are free again at once."""
        booking = services.cancel_booking(reference=reference, by=self.person, now=timezone.now())
        return Response(BookingOut(booking).data)


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not re.fullmatch(KEY, key):
        words = _("Use 1 to 255 letters, digits or signs, no spaces.")
        raise Invalid(**{"Idempotency-Key": words})
    return key
