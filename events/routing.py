"""Websocket addresses of events."""

from django.urls import path, re_path

from events.consumers import NoSuchSocket, SeatsConsumer

websocket_urlpatterns = [
    path("ws/events/<uuid:event_id>/", SeatsConsumer.as_asgi()),
    re_path("", NoSuchSocket.as_asgi()),
]
