"""Lines of people who wait for seats, and the seats that are offered to them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from evently.accounts.models import User
from evently.ids import new_id
from evently.money import MAX_DIGITS, MAX_PLACES
from events.models import MAX_CAPACITY, Event, Organiser
from events.roles import Capability

MAX_MINUTES = 7 * 24 * 60
# Offers are announced by mail: people need time to read it, and the next need it before the start.
OFFER_MINUTES = 24 * 60
LEAST_OFFER_MINUTES = 10
PART_OF_TIME_LEFT = 3


class Tier(models.IntegerChoices):
    """A person's standing with an organiser: whoever has a higher one stands further ahead."""

    PREMIUM = 200, pgettext_lazy("tier", "Premium")
    GOLD = 150, pgettext_lazy("tier", "Gold")
    SILVER = 120, pgettext_lazy("tier", "Silver")
    STANDARD = 100, pgettext_lazy("tier", "Standard")
    NEW = 80, pgettext_lazy("tier", "New")


class Standing(models.Model):
    """The tier that an organiser gave a person; everybody else is STANDARD."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organiser = models.ForeignKey(
        Organiser, on_delete=models.CASCADE, related_name="standings", verbose_name=_("organiser")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="standings",
        verbose_name=_("person"),
    )
    tier = models.PositiveSmallIntegerField(_("tier"), choices=Tier.choices)

    class Meta:
        verbose_name = _("standing")
        verbose_name_plural = _("standings")
        constraints = (
            models.UniqueConstraint(
                fields=("organiser", "user"), name="one_standing_per_organiser_and_person"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.get_tier_display()}"


class Waitlist(models.Model):
    """The rules of one event's line, and the seats that it keeps back for its people.

    Made when the event first needs one. Read and written with the event's row locked.
    """

    event = models.OneToOneField(
        Event,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="waitlist",
        verbose_name=_("event"),
    )
    is_paused = models.BooleanField(
        _("paused"),
        default=False,
        help_text=_("Freed seats are kept for those who wait and are offered by hand."),
    )
    offer_minutes = models.PositiveIntegerField(
        _("minutes to accept an offer"),
        default=OFFER_MINUTES,
        validators=[MinValueValidator(LEAST_OFFER_MINUTES), MaxValueValidator(MAX_MINUTES)],
        help_text=_(
            "At most a third of the time that is left until the event starts, and at least "
            "10 minutes."
        ),
    )
    gather_minutes = models.PositiveIntegerField(
        _("minutes to gather seats for a group"),
        default=0,
        validators=[MaxValueValidator(MAX_MINUTES)],
        help_text=_(
            "How long seats that are too few for anybody who waits are kept for the first group. "
            "0: they are on sale at once. Then a group that waits is passed over as long as single "
            "seats come back: others buy them before there are enough."
        ),
    )
    kept_seats = models.PositiveIntegerField(_("kept seats"), default=0, editable=False)
    # None: for as long as the line is paused.
    kept_until = models.DateTimeField(_("kept until"), null=True, editable=False)
    last_number = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("waitlist")
        verbose_name_plural = _("waitlists")
        indexes = (
            models.Index(
                fields=("kept_until",),
                condition=Q(kept_until__isnull=False),
                name="waitlist_by_kept_until",
            ),
        )

    def __str__(self) -> str:
        return str(self.event)

    def offer_window(self, event: Event, now: datetime) -> timedelta:
        """How long an offer stands that is made now: what the organiser says, at most a third of
        the time that is left until the start, and at least 10 minutes; never longer than the sale.
        """
        third = (event.starts_at - now) / PART_OF_TIME_LEFT
        said = min(timedelta(minutes=self.offer_minutes), third)
        longest = event.sale_ends_at - now
        return min(max(said, timedelta(minutes=LEAST_OFFER_MINUTES)), longest)


class EntryQuerySet(models.QuerySet["Entry"]):
    def waiting(self) -> Self:
        """Those that stand in line."""
        return self.filter(status=Entry.Status.WAITING)

    def live(self) -> Self:
        """Those that stand in line or have been offered seats."""
        return self.filter(status__in=Entry.LIVE)

    def in_order(self) -> Self:
        """As they stand in line, of one event."""
        return self.order_by("-tier", "number")

    def of_team(self, user: User, capability: Capability = Capability.SEE_BOOKINGS) -> Self:
        """Those of the events for which the user has the capability; all of them for staff."""
        if user.is_staff:
            return self
        return self.filter(event__in=Event.objects.of_team(user, capability))


EntryManager = models.Manager.from_queryset(EntryQuerySet)


class Entry(models.Model):
    """One person's wish for seats of an event that had too few of them."""

    class Status(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("waitlist entry", "Waiting")
        OFFERED = "offered", pgettext_lazy("waitlist entry", "Offered seats")
        BOOKED = "booked", pgettext_lazy("waitlist entry", "Booked")
        LEFT = "left", pgettext_lazy("waitlist entry", "Left")
        REMOVED = "removed", pgettext_lazy("waitlist entry", "Removed")
        DECLINED = "declined", pgettext_lazy("waitlist entry", "Declined")
        LAPSED = "lapsed", pgettext_lazy("waitlist entry", "Let the offer pass")
        CLOSED = "closed", pgettext_lazy("waitlist entry", "Closed")

    LIVE = (Status.WAITING, Status.OFFERED)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # Found by (event, number): an index of its own would only cost.
    event = models.ForeignKey(
        Event,
        on_delete=models.PROTECT,
        related_name="entries",
        verbose_name=_("event"),
        db_index=False,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="entries",
        verbose_name=_("person"),
        db_index=False,
    )
    number = models.PositiveIntegerField(_("number"), editable=False)
    quantity = models.PositiveIntegerField(_("seats"))
    part_is_fine = models.BooleanField(_("a part is fine"), default=False)
    # The fewest seats that may be offered: what an index can look up.
    fewest = models.PositiveIntegerField(editable=False)
    tier = models.PositiveSmallIntegerField(_("tier"), choices=Tier.choices, default=Tier.STANDARD)
    status = models.CharField(
        _("status"), max_length=8, choices=Status.choices, default=Status.WAITING
    )
    joined_at = models.DateTimeField(_("joined at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = EntryManager()

    class Meta:
        verbose_name = _("waitlist entry")
        verbose_name_plural = _("waitlist entries")
        ordering = ("-joined_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("event", "user"),
                condition=Q(status__in=("waiting", "offered")),
                name="one_live_entry_per_event_and_person",
            ),
            models.UniqueConstraint(
                fields=("event", "number"), name="one_entry_per_event_and_number"
            ),
            models.CheckConstraint(
                condition=Q(quantity__lte=MAX_CAPACITY, fewest__gte=1, fewest__lte=F("quantity")),
                name="entry_has_seats",
            ),
            models.CheckConstraint(
                condition=Q(status__in=("waiting", "offered"), ended_at__isnull=True)
                | (~Q(status__in=("waiting", "offered")) & Q(ended_at__isnull=False)),
                name="entry_ended_at_an_instant",
            ),
        )
        indexes = (
            models.Index(
                "event",
                F("tier").desc(),
                "number",
                condition=Q(status="waiting"),
                name="entry_in_order",
            ),
            models.Index(
                "event",
                "fewest",
                F("tier").desc(),
                "number",
                condition=Q(status="waiting"),
                name="entry_in_order_by_fewest",
            ),
            models.Index(fields=("user", "-joined_at", "-id"), name="entry_by_user"),
        )

    def __str__(self) -> str:
        return f"{self.event} · {self.number}"


class OfferQuerySet(models.QuerySet["Offer"]):
    def open(self) -> Self:
        """Those that hold seats."""
        return self.filter(status=Offer.Status.OPEN)


OfferManager = models.Manager.from_queryset(OfferQuerySet)


class Offer(models.Model):
    """Seats that are held for one person until an instant, at a price that is promised."""

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("offer", "Open")
        ACCEPTED = "accepted", pgettext_lazy("offer", "Accepted")
        DECLINED = "declined", pgettext_lazy("offer", "Declined")
        LAPSED = "lapsed", pgettext_lazy("offer", "Passed")
        WITHDRAWN = "withdrawn", pgettext_lazy("offer", "Withdrawn")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    entry = models.ForeignKey(
        Entry, on_delete=models.PROTECT, related_name="offers", verbose_name=_("waitlist entry")
    )
    event = models.ForeignKey(
        Event,
        on_delete=models.PROTECT,
        related_name="offers",
        verbose_name=_("event"),
        db_index=False,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="offers",
        verbose_name=_("person"),
    )
    seats = models.PositiveIntegerField(_("seats"))
    unit_price = models.DecimalField(
        _("price of a seat"), max_digits=MAX_DIGITS, decimal_places=MAX_PLACES
    )
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(
        _("status"), max_length=9, choices=Status.choices, default=Status.OPEN
    )
    is_by_hand = models.BooleanField(_("made by hand"), default=False)
    made_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("stands until"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    booking = models.OneToOneField(
        "bookings.Booking",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="offer",
        verbose_name=_("booking"),
    )

    objects = OfferManager()

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        ordering = ("-made_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("entry",), condition=Q(status="open"), name="one_open_offer_per_entry"
            ),
            models.CheckConstraint(
                condition=Q(seats__gte=1, seats__lte=MAX_CAPACITY), name="offer_has_seats"
            ),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="offer_price_not_negative"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("made_at")), name="offer_stands_for_a_while"
            ),
            models.CheckConstraint(
                condition=Q(status="open") ^ Q(ended_at__isnull=False),
                name="offer_ended_at_an_instant",
            ),
            models.CheckConstraint(
                condition=Q(status="accepted") ^ Q(booking__isnull=True),
                name="offer_accepted_is_a_booking",
            ),
        )
        indexes = (
            # With the seats in it: an event's claims are summed from the index alone.
            models.Index(
                fields=("event", "status"), include=("seats",), name="offer_seats_by_event"
            ),
            models.Index(
                fields=("expires_at",), condition=Q(status="open"), name="offer_by_expiry"
            ),
        )

    def __str__(self) -> str:
        return f"{self.entry} · {self.get_status_display()}"

    @property
    def total(self) -> Decimal:
        """Price of all seats, in the offer's currency."""
        return self.unit_price * self.seats


class Count(models.Model):
    """How many people wait, and for how many seats, in one part of a line; see `counting`."""

    pk = models.CompositePrimaryKey("event_id", "tier", "level", "place")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+", db_index=False)
    tier = models.PositiveSmallIntegerField(choices=Tier.choices)
    level = models.PositiveSmallIntegerField()
    place = models.PositiveIntegerField()
    people = models.PositiveIntegerField()
    seats = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"{self.event_id} {self.tier} {self.level}/{self.place}: {self.people}"
