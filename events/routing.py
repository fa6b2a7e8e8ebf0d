"""Websocket addresses of events."""

from django.urls import path, re_path

from evently.site.sockets import refuse
from events.consumers import EventConsumer, SeatsConsumer

websocket_urlpatterns = [
    path("ws/events/", SeatsConsumer.as_asgi()),
    path("ws/events/<id:event_id>/", EventConsumer.as_asgi()),
    re_path("", refuse),  # type: ignore[arg-type]
]
