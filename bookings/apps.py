from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        from bookings.personal_data import PERSONAL_DATA
        from bookings.queries import count_confirmed_seats
        from bookings.tasks import nudge_cancellation
        from evently.accounts.personal_data import register_personal_data
        from evently.facts import subscribe
        from events.facts import EventCancelled
        from events.inventory import register_claims

        register_personal_data(PERSONAL_DATA)
        register_claims(count_confirmed_seats)
        subscribe(EventCancelled, nudge_cancellation)
