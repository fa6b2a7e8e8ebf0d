"""/api/v1/notifications, and organisers' messages: /api/v1/events/{id}/broadcast."""

from dataclasses import asdict
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from evently.api.pagination import PageIn, paginated
from evently.api.schema import refuses
from evently.api.views import ApiView, takes
from evently.errors import Forbidden
from events.errors import EventNotFound
from notifications import queries, services
from notifications.errors import NobodyToTell, NoticeNotFound
from notifications.serializers import (
    BroadcastIn,
    BroadcastOut,
    NoticeOut,
    PreferencesIn,
    PreferencesOut,
    StatsOut,
    choices_of,
)


class NotificationsView(ApiView):
    @extend_schema(responses=paginated(NoticeOut), tags=["notifications"])
    @takes(PageIn)
    def get(self, request: Request) -> Response:
        """List the caller's notifications, newest first.

        `read_at` is null until one is read.
        """
        return self.page(queries.list_notices(user=self.person), NoticeOut)


class ReadNotificationView(ApiView):
    @extend_schema(responses={200: NoticeOut}, tags=["notifications"])
    @refuses(NoticeNotFound)
    def post(self, request: Request, notice_id: UUID) -> Response:
        """Mark a notification as read.

        The first time counts.
        """
        notice = services.read_notice(notice_id=notice_id, user=self.person, now=timezone.now())
        return Response(NoticeOut(notice).data)


class PreferencesView(ApiView):
    @extend_schema(responses=PreferencesOut, tags=["notifications"])
    def get(self, request: Request) -> Response:
        """Show which notifications the caller wants by mail.

        For each kind of them. The bell on the site shows them all.
        """
        return Response(queries.preferences_of(self.person))

    @extend_schema(responses=PreferencesOut, tags=["notifications"])
    @takes(PreferencesIn)
    def patch(self, request: Request) -> Response:
        """Choose which notifications come by mail.

        What is not named stays as it is.
        """
        wishes = self.given
        services.choose_notices(user=self.person, choices=choices_of(wishes))
        return Response(queries.preferences_of(self.person))


class StatsView(ApiView):
    @extend_schema(responses=StatsOut, tags=["notifications"])
    @refuses(Forbidden)
    def get(self, request: Request) -> Response:
        """Count mails by their state.

        In all and for each kind of notification. For Evently's staff.
        """
        if not self.person.is_staff:
            raise Forbidden
        return Response(asdict(queries.delivery_summary()))


class BroadcastView(ApiView):
    @extend_schema(responses={202: BroadcastOut}, tags=["notifications"])
    @takes(BroadcastIn)
    @refuses(Forbidden, EventNotFound, NobodyToTell)
    def post(self, request: Request, event_id: UUID) -> Response:
        """Write to the people of an event.

        For those who may edit it.
        """
        broadcast = services.send_broadcast(
            event_id=event_id, by=self.person, **self.given, now=timezone.now()
        )
        return Response(BroadcastOut(broadcast).data, status.HTTP_202_ACCEPTED)
