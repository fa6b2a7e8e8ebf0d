"""/api/v1/organisers and /api/v1/events."""

import re
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from evently.accounts.addresses import require_verified
from evently.accounts.errors import EmailUnverified
from evently.api.pagination import MAX_LIMIT, PageIn, paginate, paginated
from evently.api.schema import LOCATION, refuses
from evently.api.views import ApiView, takes
from evently.errors import Forbidden, Invalid
from evently.site.public import public
from events import queries, services
from events.errors import (
    CapacityBelowTaken,
    EventClosed,
    EventNotEmpty,
    IfMatchMissing,
    OrganiserNotFound,
    StaleEvent,
    WrongStatus,
)
from events.keeping import (
    SECONDS,
    SECONDS_OF_AVAILABLE,
    let_edge_keep_event,
    let_edge_keep_list,
)
from events.listing import MAX_COUNT, count_hits, fetch_known, fetch_search
from events.models import Event
from events.serializers import (
    EventIn,
    EventOut,
    EventPatch,
    EventSearchIn,
    OrganiserIn,
    OrganiserOut,
    PopularIn,
)

# Proxies that compress an answer mark its tag as weak.
VERSION_TAG = re.compile(r'(?:W/)?"(\d{1,18})"', re.ASCII)
IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": r'^((W/)?"[0-9]{1,18}"|\*)$', "example": '"7"'},
    OpenApiParameter.HEADER,
    required=True,
    description="The event's ETag as you read it: its version in quotes. `*` changes it in "
    "whatever state it is, over the changes of others that you have not seen.",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag of the state you have; 304 when it is still the latest.",
)
ETAG = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    response=[200, 201],
    description="The event's version in quotes, for If-Match and If-None-Match.",
)
COUNT = serializers.IntegerField(
    allow_null=True,
    max_value=MAX_COUNT,
    help_text=f"How many events `search` finds; {MAX_COUNT} says so many or more. Null without it.",
)
SECONDS_OF_POPULAR = 30
UNCHANGED = OpenApiResponse(description="The event is still as you know it.")


class OrganisersView(ApiView):
    @extend_schema(responses=paginated(OrganiserOut), tags=["organisers"])
    @takes(PageIn)
    def get(self, request: Request) -> Response:
        """List the teams that the caller belongs to.

        A page at a time: `next` is the address of the next one.
        """
        return self.page(queries.list_organisers(user=self.person), OrganiserOut)

    @extend_schema(responses={201: OrganiserOut}, tags=["organisers"])
    @takes(OrganiserIn)
    @refuses(EmailUnverified)
    def post(self, request: Request) -> Response:
        """Found a team.

        The caller becomes its owner.
        """
        organiser = services.create_organiser(**self.given, by=self.person)
        return Response(OrganiserOut(organiser).data, status.HTTP_201_CREATED)


@method_decorator(
    public(
        available={"true", "false"},
        ordering=queries.ORDERINGS,
        limit={str(limit) for limit in range(1, MAX_LIMIT + 1)},
        search=None,
        starts_after=None,
        starts_before=None,
        min_price=None,
        max_price=None,
        currency=None,
        organiser=None,
        cursor=None,
    ),
    name="dispatch",
)
class EventsView(ApiView):
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(responses=paginated(EventOut, count=COUNT), tags=["events"])
    @takes(EventSearchIn)
    def get(self, request: Request) -> Response:
        """List upcoming events, soonest first.

        Everybody may ask. The parameters choose some of them, or another order.
        """
        query, now = self.given, timezone.now()
        cursor, limit = query.pop("cursor", None), query.pop("limit")
        search = queries.EventSearch(**query)
        events = queries.list_events(search=search, user=self.caller, now=now)
        fetch = fetch_search(search, cursor)
        page = paginate(events, cursor=cursor, limit=limit, fetch=fetch)
        response = self.show_page(page, EventOut)
        response.data["count"] = count_hits(events, search)
        seconds = SECONDS_OF_AVAILABLE if search.available else SECONDS
        return let_edge_keep_list(request, response, page.rows, now=now, seconds=seconds)

    @extend_schema(
        parameters=[ETAG, LOCATION],
        responses={201: EventOut},
        tags=["events"],
    )
    @takes(EventIn)
    @refuses(EmailUnverified, Forbidden, OrganiserNotFound, WrongStatus)
    def post(self, request: Request) -> Response:
        """Add an event.

        It is a draft, unless `status` says published.
        """
        details = self.given
        event = services.create_event(
            organiser_id=details.pop("organiser_id", None) or self._own_organiser(),
            by=self.person,
            details=details,
            now=timezone.now(),
        )
        response = _event_response(event, status.HTTP_201_CREATED)
        response["Location"] = reverse("event", args=[event.pk])
        return response

    def _own_organiser(self) -> UUID:
        require_verified(self.person)
        organiser = queries.find_own_organiser(user=self.person)
        if organiser is None:
            raise Invalid(organiser_id=_("Say which of your organisers runs the event."))
        return organiser.pk


@method_decorator(public(limit={str(limit) for limit in range(1, 51)}), name="dispatch")
class PopularEventsView(ApiView):
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(responses=EventOut(many=True), tags=["events"])
    @takes(PopularIn)
    def get(self, request: Request) -> Response:
        """List popular upcoming events.

        Those with the most seats taken come first.
        """
        now, limit = timezone.now(), self.given["limit"]
        events = fetch_known("popular")(queries.list_popular_events(now=now), limit)
        response = Response(EventOut(events, many=True).data)
        return let_edge_keep_list(request, response, events, now=now, seconds=SECONDS_OF_POPULAR)


@method_decorator(public(), name="dispatch")
class EventView(ApiView):
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(
        parameters=[IF_NONE_MATCH, ETAG],
        responses={200: EventOut, 304: UNCHANGED},
        tags=["events"],
    )
    def get(self, request: Request, event_id: UUID) -> Response:
        """Show one event.

        Its ETag is its version: for If-None-Match here, and for If-Match when you change it.
        """
        event = queries.get_event(event_id=event_id, user=self.caller)
        if _is_known(request, event):
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers=_headers(event))
        return let_edge_keep_event(request, _event_response(event), event, now=timezone.now())

    @extend_schema(
        parameters=[IF_MATCH, ETAG],
        responses={200: EventOut},
        tags=["events"],
    )
    @takes(EventPatch)
    @refuses(Forbidden, EventClosed, CapacityBelowTaken, WrongStatus, StaleEvent, IfMatchMissing)
    def patch(self, request: Request, event_id: UUID) -> Response:
        """Change an event, unless somebody else did since you read it.

        Everybody who has booked or waits is told of a new time or place.
        """
        event = services.edit_event(
            event_id=event_id,
            by=self.person,
            changes=self.given,
            expected_version=_if_match(request),
            now=timezone.now(),
        )
        return _event_response(event)

    @extend_schema(responses={204: None}, tags=["events"])
    @refuses(Forbidden, EventNotEmpty)
    def delete(self, request: Request, event_id: UUID) -> Response:
        """Delete an event that nobody ever booked.

        Any other can be cancelled instead.
        """
        services.delete_event(event_id=event_id, by=self.person)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CancelEventView(ApiView):
    @extend_schema(parameters=[ETAG], responses={200: EventOut}, tags=["events"])
    @refuses(Forbidden, WrongStatus)
    def post(self, request: Request, event_id: UUID) -> Response:
        """Cancel a published event.

        Its bookings are cancelled, too.
        """
        event = services.cancel_event(event_id=event_id, by=self.person, now=timezone.now())
        return _event_response(event)


def _event_response(event: Event, code: int = status.HTTP_200_OK) -> Response:
    return Response(EventOut(event).data, code, headers=_headers(event))


def _headers(event: Event) -> dict[str, str]:
    """The event's tag; a copy may be kept, and is asked about before it is used."""
    return {"ETag": f'"{event.version}"', "Cache-Control": "private, no-cache"}


def _is_known(request: Request, event: Event) -> bool:
    """Whether If-None-Match names the event's version."""
    header = request.headers.get("If-None-Match", "")
    return header.strip() == "*" or str(event.version) in VERSION_TAG.findall(header)


def _if_match(request: Request) -> int | None:
    """The version in the header If-Match; None for `*`, any (RFC 9110, section 13.1.1)."""
    header = request.headers.get("If-Match", "").strip()
    if not header:
        raise IfMatchMissing
    if header == "*":
        return None
    if not (match := VERSION_TAG.fullmatch(header)):
        words = _("Send the event's ETag as you got it, such as %(example)s.") % {"example": '"7"'}
        raise Invalid(**{"If-Match": words})
    return int(match[1])
