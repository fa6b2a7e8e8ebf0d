"""What people read about the money of a booking: organisers note what they received."""

from decimal import Decimal

from django.utils.translation import gettext as _

from bookings.models import Booking
from evently.site.templatetags.show import money, to_pay


def payment_of(booking: Booking, *, is_over: bool = False) -> str:
    """What was paid and what is to be paid at the door: "Paid: €20.00. Pay €40.00 at the door."

    Empty when the seats are free, and when a cancelled booking was never paid.

    Args:
        is_over: whether the event is, so that nobody is asked to pay any more.
    """
    paid, owed = booking.amount_received, Decimal(0) if is_over else booking.owed
    told = [_("Paid: %(amount)s.") % {"amount": money(paid, booking.currency)}] if paid else []
    return " ".join([*told, *([to_pay(owed, booking.currency)] if owed else [])])


def money_back_of(booking: Booking) -> str:
    """What becomes of what was received for a cancelled booking; empty when that is nothing."""
    if not booking.amount_received or booking.refund == Booking.Refund.NONE:
        return ""
    told = (
        _("Refunded: %(amount)s.")
        if booking.refund == Booking.Refund.DONE
        else _("%(amount)s will be refunded.")
    )
    return told % {"amount": money(booking.amount_received, booking.currency)}
