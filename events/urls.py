from django.urls import path

from events import api

urlpatterns = [
    path("organisers", api.OrganisersView.as_view(), name="organisers"),
    path("events", api.EventsView.as_view(), name="events"),
    path("events/popular", api.PopularEventsView.as_view(), name="popular-events"),
    path("events/<id:event_id>", api.EventView.as_view(), name="event"),
    path("events/<id:event_id>/cancel", api.CancelEventView.as_view(), name="cancel-event"),
]
