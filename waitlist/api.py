"""/api/v1/events/{id}/waitlist and /api/v1/waitlist/offers."""

from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from bookings.errors import AlreadyBooked
from bookings.serializers import BookingOut
from evently.api.schema import LOCATION, refuses
from evently.api.views import ApiView, takes
from evently.errors import Forbidden
from events.errors import EventClosed
from events.queries import get_event, rights_of
from events.roles import Capability
from waitlist import queries, services
from waitlist.errors import AlreadyWaiting, EntryNotFound, OfferPassed, SeatsAvailable
from waitlist.odds import prospects_of
from waitlist.serializers import (
    EntryOut,
    JoinIn,
    ProcessOut,
    SummaryOut,
    entry_shown,
    summary_shown,
)


class WaitlistView(ApiView):
    @extend_schema(responses=EntryOut, tags=["waitlist"])
    def get(self, request: Request, event_id: UUID) -> Response:
        """Show the caller's place on the waitlist.

        With the chance of an offer, how long it may take, and the offer once there is one.
        """
        return Response(self._shown(event_id))

    @extend_schema(responses={201: EntryOut}, tags=["waitlist"])
    @takes(JoinIn)
    @refuses(EventClosed, AlreadyWaiting, AlreadyBooked, SeatsAvailable)
    def post(self, request: Request, event_id: UUID) -> Response:
        """Join the waitlist.

        Only when there are fewer seats than you want: else, book them.
        """
        services.join_waitlist(
            event_id=event_id, user=self.person, now=timezone.now(), **self.given
        )
        return Response(self._shown(event_id), status.HTTP_201_CREATED)

    @extend_schema(responses={204: None}, tags=["waitlist"])
    def delete(self, request: Request, event_id: UUID) -> Response:
        """Leave the waitlist.

        An offer that stands is given up, too: its seats go to the next.
        """
        services.leave_waitlist(event_id=event_id, user=self.person, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _shown(self, event_id: UUID) -> dict[str, object]:
        entry = queries.find_entry(event_id=event_id, user=self.person)
        if entry is None:
            raise EntryNotFound
        prospect = prospects_of([entry], now=timezone.now())[entry.pk]
        return entry_shown(entry, prospect, queries.find_open_offer(entry))


class AcceptOfferView(ApiView):
    @extend_schema(parameters=[LOCATION], responses={201: BookingOut}, tags=["waitlist"])
    @refuses(OfferPassed, EventClosed, AlreadyBooked)
    def post(self, request: Request, token: str) -> Response:
        """Accept an offer.

        Its seats are booked at the price that was promised.
        """
        booking = services.accept_offer(
            offer_id=queries.offer_id_of(token), user=self.person, now=timezone.now()
        )
        where = {"Location": reverse("booking", args=[booking.reference])}
        return Response(BookingOut(booking).data, status.HTTP_201_CREATED, headers=where)


class DeclineOfferView(ApiView):
    @extend_schema(responses={204: None}, tags=["waitlist"])
    @refuses(OfferPassed)
    def post(self, request: Request, token: str) -> Response:
        """Decline an offer.

        Its seats go to the next, and the caller leaves the waitlist.
        """
        services.decline_offer(
            offer_id=queries.offer_id_of(token), user=self.person, now=timezone.now()
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class WaitlistStatsView(ApiView):
    @extend_schema(responses=SummaryOut, tags=["waitlist"])
    @refuses(Forbidden)
    def get(self, request: Request, event_id: UUID) -> Response:
        """Show the waitlist in figures.

        For the event's team.
        """
        event = get_event(event_id=event_id, user=self.person)
        if not rights_of(self.person).may(Capability.SEE_BOOKINGS, event):
            raise Forbidden
        return Response(summary_shown(queries.waitlist_summary(event_id=event_id)))


class ProcessWaitlistView(ApiView):
    @extend_schema(responses={200: ProcessOut}, tags=["waitlist"])
    @refuses(Forbidden)
    def post(self, request: Request, event_id: UUID) -> Response:
        """Process the waitlist now.

        Offers whose time is over end, and free seats are offered: now, not at the next round.
        """
        made = services.process_waitlist(event_id=event_id, by=self.person, now=timezone.now())
        return Response({"offers_made": made})
