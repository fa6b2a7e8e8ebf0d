"""Evently's addresses, and the naive door where bookings are made."""

from django.urls import path

from bench.sides.naive import NaiveBookingsView
from evently.urls import urlpatterns as evently

handler400 = "evently.site.failures.bad_request"
handler403 = "evently.site.failures.forbidden"
handler404 = "evently.site.failures.not_found"
handler500 = "evently.site.failures.server_error"
urlpatterns = [path("api/v1/bookings", NaiveBookingsView.as_view()), *evently]
