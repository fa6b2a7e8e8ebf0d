from django.apps import AppConfig


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = "Bookings"

    def ready(self) -> None:
        from bookings.queries import count_confirmed_seats
        from bookings.tasks import nudge_cancellation
        from evently.facts import subscribe
        from events.facts import EventCancelled
        from events.inventory import register_claims

        register_claims(count_confirmed_seats)
        subscribe(EventCancelled, nudge_cancellation)
