from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Notices")

    def ready(self) -> None:
        from anymail.signals import tracking
        from django.core.checks import Tags, register

        from bookings.facts import BookingCancelled, BookingConfirmed
        from evently.accounts.facts import AddressVerified
        from evently.accounts.personal_data import register_personal_data
        from evently.facts import subscribe, write_down
        from evently.parts import watch_mail
        from events.facts import EventMoved
        from notifications import writing
        from notifications.checks import check_mail
        from notifications.delivery.events import hear_event
        from notifications.facts import BroadcastQueued
        from notifications.figures import mail_figures, oldest_due_seconds
        from notifications.metrics import show_mail
        from notifications.moves import note_moves
        from notifications.personal_data import PERSONAL_DATA
        from notifications.tasks import nudge_broadcast, nudge_moves
        from notifications.telling import tell_line, tell_owner
        from waitlist.facts import (
            EntryEnded,
            EntryJoined,
            LineMoved,
            OfferEnded,
            OfferExtended,
            OfferMade,
        )

        register(check_mail, Tags.security, deploy=True)
        register_personal_data(PERSONAL_DATA)
        tracking.connect(hear_event, dispatch_uid="notifications")
        show_mail(mail_figures)
        watch_mail(oldest_due_seconds)
        write_down(BookingConfirmed, writing.tell_confirmed)
        write_down(BookingCancelled, writing.tell_cancelled)
        write_down(EntryJoined, writing.tell_joined)
        write_down(OfferMade, writing.tell_offered)
        write_down(OfferEnded, writing.tell_passed)
        write_down(AddressVerified, writing.tell_welcome)
        write_down(EventMoved, note_moves)
        subscribe(EventMoved, nudge_moves)
        subscribe(BroadcastQueued, nudge_broadcast)
        # What writes a notice is told with it; this is the rest.
        subscribe(EntryEnded, tell_owner)
        subscribe(OfferExtended, tell_owner)
        subscribe(OfferEnded, tell_owner)
        subscribe(LineMoved, tell_line)
