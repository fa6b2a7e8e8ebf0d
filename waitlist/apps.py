from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WaitlistConfig(AppConfig):
    name = "waitlist"
    verbose_name = _("Waitlist")

    def ready(self) -> None:
        from bookings.facts import BookingConfirmed
        from evently.accounts.personal_data import register_personal_data
        from evently.facts import subscribe, write_down
        from events.facts import EventCancelled
        from events.inventory import register_claims, register_queue
        from waitlist import metrics, services
        from waitlist.facts import EntryJoined, OfferEnded, OfferMade
        from waitlist.personal_data import PERSONAL_DATA
        from waitlist.queries import count_claimed_seats, count_waiting
        from waitlist.tasks import nudge_closing

        register_personal_data(PERSONAL_DATA)
        register_claims(count_claimed_seats)
        register_queue(services.serve)
        write_down(BookingConfirmed, services.note_bookings)
        subscribe(EventCancelled, nudge_closing)
        subscribe(EntryJoined, metrics.count_joined)
        subscribe(OfferMade, metrics.count_made)
        subscribe(OfferEnded, metrics.count_ended)
        metrics.show_waiting(count_waiting)
