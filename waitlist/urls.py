from django.urls import path

from waitlist import api

urlpatterns = [
    path("events/<id:event_id>/waitlist", api.WaitlistView.as_view(), name="waitlist"),
    path(
        "events/<id:event_id>/waitlist/stats",
        api.WaitlistStatsView.as_view(),
        name="waitlist-stats",
    ),
    path(
        "events/<id:event_id>/waitlist/process",
        api.ProcessWaitlistView.as_view(),
        name="process-waitlist",
    ),
    path("waitlist/offers/<str:token>/accept", api.AcceptOfferView.as_view(), name="accept-offer"),
    path(
        "waitlist/offers/<str:token>/decline", api.DeclineOfferView.as_view(), name="decline-offer"
    ),
]
