"""Websocket addresses of events."""

from django.urls import path, re_path

from evently.site.sockets import refuse
from events.consumers import SeatsConsumer

websocket_urlpatterns = [
    path("ws/events/<uuid:event_id>/", SeatsConsumer.as_asgi()),
    re_path("", refuse),  # type: ignore[arg-type]
]
