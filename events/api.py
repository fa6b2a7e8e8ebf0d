"""/api/v1/organisers and /api/v1/events."""

import re
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from evently.api.pagination import PAGE_PARAMETERS, paginated
from evently.api.schema import refuses
from evently.api.views import ApiView
from evently.errors import Invalid
from events import queries, services
from events.errors import IfMatchMissing, StaleEvent
from events.models import Event
from events.serializers import (
    EventIn,
    EventOut,
    EventPatch,
    EventSearchIn,
    LimitIn,
    OrganiserIn,
    OrganiserOut,
)

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description='The event\'s ETag as you read it: its version in quotes, such as `"7"`.',
)


class OrganisersView(ApiView):
    @extend_schema(
        parameters=PAGE_PARAMETERS, responses=paginated(OrganiserOut), tags=["organisers"]
    )
    def get(self, request: Request) -> Response:
        """The teams that the caller belongs to."""
        return self.page(queries.list_organisers(user=self.person), OrganiserOut)

    @extend_schema(request=OrganiserIn, responses={201: OrganiserOut}, tags=["organisers"])
    def post(self, request: Request) -> Response:
        """Found a team; the caller owns it."""
        organiser = services.create_organiser(**self.read(OrganiserIn), by=self.person)
        return Response(OrganiserOut(organiser).data, status.HTTP_201_CREATED)


class EventsView(ApiView):
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(
        parameters=[EventSearchIn, *PAGE_PARAMETERS],
        responses=paginated(EventOut),
        tags=["events"],
    )
    def get(self, request: Request) -> Response:
        """Upcoming events, soonest first."""
        search = queries.EventSearch(**self.read_query(EventSearchIn))
        events = queries.list_events(search=search, user=self.caller, now=timezone.now())
        return self.page(events, EventOut)

    @extend_schema(request=EventIn, responses={201: EventOut}, tags=["events"])
    @refuses(409)
    def post(self, request: Request) -> Response:
        """Add an event: a draft, unless `status` says published."""
        details = self.read(EventIn)
        event = services.create_event(
            organiser_id=details.pop("organiser", None) or self._own_organiser(),
            by=self.person,
            details=details,
            now=timezone.now(),
        )
        return _event_response(event, status.HTTP_201_CREATED)

    def _own_organiser(self) -> UUID:
        organiser = queries.find_own_organiser(user=self.person)
        if organiser is None:
            raise Invalid(organiser="Say which of your organisers runs the event.")
        return organiser.pk


class PopularEventsView(ApiView):
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(parameters=[LimitIn], responses=EventOut(many=True), tags=["events"])
    def get(self, request: Request) -> Response:
        """Upcoming events, those with the most seats taken first."""
        events = queries.list_popular_events(now=timezone.now(), **self.read_query(LimitIn))
        return Response(EventOut(events, many=True).data)


class EventView(ApiView):
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(responses=EventOut, tags=["events"])
    def get(self, request: Request, event_id: UUID) -> Response:
        """One event; the ETag is its version."""
        return _event_response(queries.get_event(event_id=event_id, user=self.caller))

    @extend_schema(
        request=EventPatch, parameters=[IF_MATCH], responses={200: EventOut}, tags=["events"]
    )
    @refuses(409, 412, 428)
    def patch(self, request: Request, event_id: UUID) -> Response:
        """Change an event, unless somebody else did since you read it."""
        event = services.edit_event(
            event_id=event_id,
            by=self.person,
            changes=self.read(EventPatch, partial=True),
            expected_version=_if_match(request),
            now=timezone.now(),
        )
        return _event_response(event)

    @extend_schema(responses={204: None}, tags=["events"])
    @refuses(409)
    def delete(self, request: Request, event_id: UUID) -> Response:
        """Remove an event that nobody ever booked."""
        services.delete_event(event_id=event_id, by=self.person)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CancelEventView(ApiView):
    @extend_schema(request=None, responses={200: EventOut}, tags=["events"])
    @refuses(409)
    def post(self, request: Request, event_id: UUID) -> Response:
        """Call a published event off; its bookings are cancelled, too."""
        event = services.cancel_event(event_id=event_id, by=self.person, now=timezone.now())
        return _event_response(event)


def _event_response(event: Event, code: int = status.HTTP_200_OK) -> Response:
    return Response(EventOut(event).data, code, headers=_etag(event))


def _etag(event: Event) -> dict[str, str]:
    return {"ETag": f'"{event.version}"'}


def _if_match(request: Request) -> int:
    """The version in the header If-Match."""
    header: Any = request.headers.get("If-Match", "").strip()
    if not header:
        raise IfMatchMissing
    match = re.fullmatch(r'(?:W/)?"?(\d{1,18})"?', header)
    if match is None:
        raise StaleEvent
    return int(match[1])
