from django.urls import path, register_converter

from bookings import api


class ReferenceConverter:
    """A booking's reference; whatever else stands there is an unknown address."""

    regex = "[0-9A-Za-z]{1,16}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(ReferenceConverter, "reference")

urlpatterns = [
    path("bookings", api.BookingsView.as_view(), name="bookings"),
    path("bookings/<reference:reference>", api.BookingView.as_view(), name="booking"),
    path(
        "bookings/<reference:reference>/cancel",
        api.CancelBookingView.as_view(),
        name="cancel-booking",
    ),
]
