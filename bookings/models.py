"""Bookings."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from evently.accounts.models import User
from evently.ids import new_id, new_reference
from evently.money import MAX_DIGITS, MAX_PLACES
from events.models import MAX_CAPACITY, Event
from events.roles import Capability

TIME_TO_DECIDE = timedelta(days=3)


class BookingQuerySet(models.QuerySet["Booking"]):
    def live(self) -> Self:
        """Those that claim seats."""
        return self.filter(status__in=Booking.LIVE)

    def visible_to(self, user: User) -> Self:
        """Those the user may read in full: their own, and their teams' unless at the door."""
        if user.is_staff:
            return self
        events = Event.objects.of_team(user, Capability.SEE_MONEY)
        return self.filter(Q(user=user) | Q(event__in=events))

    def of_team(self, user: User, capability: Capability = Capability.SEE_BOOKINGS) -> Self:
        """Those of the events for which the user has the capability; all of them for staff.

        What of a booking the user may see depends on the role, see `Capability`.
        """
        if user.is_staff:
            return self
        return self.filter(event__in=Event.objects.of_team(user, capability))


BookingManager = models.Manager.from_queryset(BookingQuerySet)


class Booking(models.Model):
    """Seats of one event that belong to one person."""

    class Status(models.TextChoices):
        CONFIRMED = "confirmed", _("Confirmed")
        CANCELLED = "cancelled", pgettext_lazy("booking", "Cancelled")

    class Refund(models.TextChoices):
        NONE = "none", _("Nothing to refund")
        DUE = "due", _("To be refunded")
        DONE = "done", _("Refunded")

    LIVE = (Status.CONFIRMED,)
    # Whether this is the kept answer to a repeated request: the booking as it was made.
    is_repeat = False

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    reference = models.CharField(
        _("reference"), max_length=16, default=new_reference, unique=True, editable=False
    )
    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="bookings", verbose_name=_("event")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="bookings",
        verbose_name=_("booked by"),
    )
    quantity = models.PositiveIntegerField(_("seats"))
    unit_price = models.DecimalField(
        _("price of a seat"), max_digits=MAX_DIGITS, decimal_places=MAX_PLACES
    )
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.CONFIRMED
    )
    # A copy of the event's rule at the time of booking, so that an index can hold it.
    only_one_per_person = models.BooleanField(default=True, editable=False)
    refund = models.CharField(
        _("refund"), max_length=4, choices=Refund.choices, default=Refund.NONE
    )
    # What the organiser says they were paid, of the total; None while nobody has said so. Evently
    # itself takes no money.
    amount_received = models.DecimalField(
        _("payment received"), max_digits=17, decimal_places=MAX_PLACES, null=True, blank=True
    )
    received_at = models.DateTimeField(_("payment noted at"), null=True, blank=True)
    created_at = models.DateTimeField(_("booked at"))
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)

    objects = BookingManager()

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("event", "user"),
                condition=Q(status="confirmed", only_one_per_person=True),
                name="one_live_booking_per_event_and_person",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=MAX_CAPACITY),
                name="booking_has_seats",
            ),
            models.CheckConstraint(
                condition=Q(unit_price__gte=0), name="booking_price_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled") ^ Q(cancelled_at__isnull=True),
                name="booking_cancelled_at_an_instant",
            ),
            models.CheckConstraint(
                condition=Q(amount_received__gt=0, received_at__isnull=False)
                | Q(amount_received__isnull=True, received_at__isnull=True),
                name="booking_received_something_at_an_instant",
            ),
        )
        indexes = (
            models.Index(fields=("user", "-created_at", "-id"), name="booking_by_user"),
            # With the seats in it: an event's claims are summed from the index alone.
            models.Index(
                fields=("event", "status"), include=("quantity",), name="booking_seats_by_event"
            ),
            models.Index(fields=("-created_at", "-id"), name="booking_by_time"),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def cancellable_until(self) -> datetime:
        """The last instant at which it can be cancelled; its event is at hand.

        That is the event's end. Who booked before the event moved has some days to decide, also
        when the new date comes sooner.
        """
        event = self.event
        if event.moved_at is None or event.moved_at <= self.created_at:
            return event.ends_at
        return max(event.ends_at, event.moved_at + TIME_TO_DECIDE)

    @property
    def total(self) -> Decimal:
        """Price of all seats, in the booking's currency."""
        return self.unit_price * self.quantity

    @property
    def owed(self) -> Decimal:
        """What is still to be paid, in the booking's currency: nothing once it is cancelled."""
        if self.status not in self.LIVE:
            return Decimal(0)
        return self.total - (self.amount_received or 0)
