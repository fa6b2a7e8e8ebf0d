"""/api/v1/bookings."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from bookings import queries, services
from bookings.errors import (
    AlreadyBooked,
    AlreadyCancelled,
    BookingInProgress,
    SoldOut,
)
from bookings.serializers import BookingIn, BookingOut
from evently.api.pagination import PageIn, paginated
from evently.api.problem import REPLAYED
from evently.api.repeats import Repeats, idempotency_key
from evently.api.schema import LOCATION, refuses
from evently.api.views import ApiView, takes
from evently.errors import Forbidden
from events.errors import EventClosed, EventNotFound


class BookingsView(ApiView):
    repeats = Repeats.ARE_ANSWERED_BY_THE_SERVICE

    @extend_schema(responses=paginated(BookingOut), tags=["bookings"])
    @takes(PageIn)
    def get(self, request: Request) -> Response:
        """List the caller's bookings, newest first.

        Cancelled ones are among them.
        """
        return self.page(queries.list_bookings(user=self.person), BookingOut)

    @extend_schema(
        parameters=[LOCATION],
        responses={201: BookingOut},
        tags=["bookings"],
    )
    @takes(BookingIn)
    @refuses(EventNotFound, EventClosed, SoldOut, AlreadyBooked, BookingInProgress)
    def post(self, request: Request) -> Response:
        """Book seats.

        `sold-out` tells in `available_seats` how many are left, and in `waitlist` where to wait for
        more: POST to that address.
        """
        wish = self.given
        booking = services.book_in_company(
            event_id=wish["event_id"],
            request=services.BookingRequest(
                user_id=self.person.pk,
                quantity=wish["quantity"],
                idempotency_key=idempotency_key(request),
            ),
            now=timezone.now(),
        )
        headers = {"Location": f"{request.path}/{booking.reference}"}
        if booking.is_repeat:
            headers |= REPLAYED
        return Response(BookingOut(booking).data, status.HTTP_201_CREATED, headers=headers)


class BookingView(ApiView):
    @extend_schema(responses=BookingOut, tags=["bookings"])
    def get(self, request: Request, reference: str) -> Response:
        """Show one booking.

        Its reference stands on the ticket and in the mail that confirmed it.
        """
        booking = queries.get_booking(reference=reference, user=self.person)
        return Response(BookingOut(booking).data)


class CancelBookingView(ApiView):
    @extend_schema(responses={200: BookingOut}, tags=["bookings"])
    @refuses(Forbidden, AlreadyCancelled, EventClosed)
    def post(self, request: Request, reference: str) -> Response:
        """Cancel a booking.

        Its seats are free again at once.
        """
        booking = services.cancel_booking(reference=reference, by=self.person, now=timezone.now())
        return Response(BookingOut(booking).data)
