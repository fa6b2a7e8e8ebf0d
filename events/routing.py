"""Websocket addresses of events."""

from django.urls import path

from events.consumers import SeatsConsumer

websocket_urlpatterns = [
    path("ws/events/<uuid:event_id>/", SeatsConsumer.as_asgi()),
]
