"""Noting in the admin what was paid for a booking: Evently itself takes no money."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from bookings.models import Booking
from bookings.services.payments import note_payment
from evently.admin.steps import Step
from evently.money import MAX_PLACES
from evently.site.templatetags.show import money


class PaymentStep(Step[Booking]):
    """Notes how much of a booking's total was received."""

    home = "admin:bookings_booking_change"
    name = "payment"
    label = _("Note a payment…")
    title = _("What was paid for this booking?")
    button = _("Note it")

    amount = forms.DecimalField(
        label=_("Received in all"),
        help_text=_("0: nothing was paid; an earlier note is taken back."),
        min_value=0,
        max_digits=17,
        decimal_places=MAX_PLACES,
        widget=UnfoldAdminDecimalFieldWidget(),
    )

    def __init__(self, row: Booking, by: Any, data: Any = None) -> None:
        super().__init__(row, by, data)
        self.initial = {"amount": row.amount_received or row.total}

    def is_possible(self) -> bool:
        return self.row.total > 0 and self.row.refund != Booking.Refund.DONE

    def advice(self) -> list[str]:
        total = money(self.row.total, self.row.currency)
        return [
            _now("The total is %(total)s. Evently takes no payments: note here what you received.")
            % {"total": total},
            _now("If the booking is cancelled, this amount is to be refunded, and nothing else."),
        ]

    def take(self, now: datetime) -> str:
        booking = note_payment(
            booking_id=self.row.pk, amount=self.cleaned_data["amount"], by=self.by, now=now
        )
        if not booking.amount_received:
            return _now("Noted: nothing was paid.")
        return _now("Noted as paid: %(amount)s.") % {
            "amount": money(booking.amount_received, booking.currency)
        }
