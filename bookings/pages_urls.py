from django.urls import path

from bookings import developers, pages

app_name = "bookings"
urlpatterns = [
    path("events/<id:event_id>/", pages.event, name="event"),
    path("events/<id:event_id>/book", pages.book, name="book"),
    path("bookings/", pages.my_bookings, name="mine"),
    path("bookings/<slug:reference>/", pages.ticket, name="ticket"),
    path("bookings/<slug:reference>/ticket.ics", pages.calendar, name="calendar"),
    path("bookings/<slug:reference>/cancel", pages.cancel, name="cancel"),
    path("developers/", developers.guide, name="developers"),
    path("developers/token", developers.make_token, name="make_token"),
]
