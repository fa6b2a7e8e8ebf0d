from django.urls import path

from waitlist import pages

app_name = "waitlist"
urlpatterns = [
    path("events/<id:event_id>/waitlist/", pages.place, name="place"),
    path("events/<id:event_id>/waitlist/leave", pages.leave, name="leave"),
    path("waitlist/offers/<str:token>/", pages.offer, name="offer"),
    path("waitlist/offers/<str:token>/accept", pages.accept, name="accept"),
    path("waitlist/offers/<str:token>/decline", pages.decline, name="decline"),
]
