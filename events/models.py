"""Organisers, their people and their events."""

from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from evently.accounts.models import User
from evently.accounts.validators import validate_name
from evently.addresses import AddressField
from evently.fields import LineField, ParagraphsField, Searchable
from evently.ids import new_id
from evently.money import MAX_DIGITS, MAX_PLACES, validate_amount, validate_currency
from events.roles import EDITORS as EDITORS
from events.roles import Capability, roles_with
from events.roles import Role as Role
from events.validators import known_timezones, validate_timezone

MAX_CAPACITY = 1_000_000
MAX_NAME = 200
MAX_DESCRIPTION = 20_000
OWNER_OF_ONE_EVENT = _("An owner looks after all events. Choose another role, or leave this empty.")
EVENT_OF_OTHERS = _("Choose an event of this organiser.")
_SALE_ENDS_LATE = _(
    "The sale cannot go on after the event, which ends on %(end)s (%(zone)s). "
    "Let it end by then, or leave this empty."
)
_SALE_STARTS_LATE = _(
    "The sale must start before the event ends on %(end)s (%(zone)s). "
    "Choose an earlier time, or leave this empty."
)


class OrganiserQuerySet(models.QuerySet["Organiser"]):
    def of(self, user: User, capability: Capability | None = None) -> Self:
        """Those the user is a member of, if only for one event; all of them for staff.

        With a capability: those where the user has it for the whole team.
        """
        if user.is_staff:
            return self
        if capability is None:
            members = Membership.objects.of_person(user)
        else:
            members = Membership.objects.of(user, capability).for_all_events()
        return self.filter(pk__in=members.values("organiser"))


OrganiserManager = models.Manager.from_queryset(OrganiserQuerySet)


class Organiser(Searchable):
    """A team that runs events."""

    SEARCHED = {"A": "name"}

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = LineField(_("name"), max_length=MAX_NAME, validators=[validate_name])
    created_at = models.DateTimeField(_("created at"), default=now, editable=False)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        through="Membership",
        related_name="organisers",
        verbose_name=_("members"),
    )

    objects = OrganiserManager()

    class Meta:
        verbose_name = _("organiser")
        verbose_name_plural = _("organisers")
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def of_person(self, user: User) -> Self:
        """The user's; none while nobody knows that the address, by which a team knows them, is
        theirs."""
        return self.filter(user=user) if user.is_verified else self.none()

    def of(self, user: User, capability: Capability) -> Self:
        """The user's, where their role has the capability."""
        return self.of_person(user).filter(role__in=roles_with(capability))

    def for_all_events(self) -> Self:
        return self.filter(only_event=None)

    def for_one_event(self) -> Self:
        return self.exclude(only_event=None)


MembershipManager = models.Manager.from_queryset(MembershipQuerySet)


class Membership(models.Model):
    """One person's role in one organiser's team, for all of its events or for one alone.

    That the only event is one of the organiser's is checked by `clean` and by the services.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organiser = models.ForeignKey(
        Organiser,
        on_delete=models.CASCADE,
        related_name="memberships",
        verbose_name=_("organiser"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="memberships",
        verbose_name=_("person"),
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.VIEWER)
    only_event = models.ForeignKey(
        "Event",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="memberships",
        verbose_name=_("only this event"),
        help_text=_("Empty: all events of the organiser."),
    )

    objects = MembershipManager()

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = (
            models.UniqueConstraint(
                fields=("organiser", "user"), name="one_role_per_organiser_and_person"
            ),
            models.CheckConstraint(
                condition=~Q(role=Role.OWNER) | Q(only_event__isnull=True),
                name="owner_owns_all_events",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"

    def clean(self) -> None:
        """The rules over several fields."""
        if self.only_event is None:
            return
        if self.role == Role.OWNER:
            raise ValidationError({"only_event": OWNER_OF_ONE_EVENT})
        if self.only_event.organiser_id != self.organiser_id:
            raise ValidationError({"only_event": EVENT_OF_OTHERS})


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def pending(self) -> Self:
        """Neither accepted nor withdrawn; they may have expired."""
        return self.filter(accepted_at=None, withdrawn_at=None)


InvitationManager = models.Manager.from_queryset(InvitationQuerySet)


class Invitation(models.Model):
    """A role in a team that was offered to an address; whoever reads its mail may take it, once.

    The link in the mail holds a secret, of which only the hash is kept. Sent again, it has another
    one: the earlier link is void then. Nobody is told whether the address has an account.
    """

    class State(models.TextChoices):
        PENDING = "pending", pgettext_lazy("invitation", "Waiting for an answer")
        ACCEPTED = "accepted", pgettext_lazy("invitation", "Accepted")
        WITHDRAWN = "withdrawn", pgettext_lazy("invitation", "Withdrawn")
        EXPIRED = "expired", pgettext_lazy("invitation", "Expired")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organiser = models.ForeignKey(
        Organiser,
        on_delete=models.CASCADE,
        related_name="invitations",
        verbose_name=_("organiser"),
    )
    email = AddressField(_("e-mail address"), max_length=254)
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.VIEWER)
    only_event = models.ForeignKey(
        "Event",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("only this event"),
        help_text=_("Empty: all events of the organiser."),
    )
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("invited by"),
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("invited at"), default=now, editable=False)
    sent_at = models.DateTimeField(_("sent at"), editable=False)
    expires_at = models.DateTimeField(_("expires at"), editable=False)
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True, editable=False)

    objects = InvitationManager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("organiser", "email"),
                condition=Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="one_pending_invitation_per_organiser_and_email",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(withdrawn_at__isnull=True),
                name="invitation_not_accepted_and_withdrawn",
            ),
        )
        indexes = (models.Index(fields=("organiser", "sent_at"), name="invitation_by_sending"),)

    def __str__(self) -> str:
        return self.email

    def state(self, at: datetime) -> State:
        """How it stands at this instant."""
        if self.accepted_at:
            return self.State.ACCEPTED
        if self.withdrawn_at:
            return self.State.WITHDRAWN
        return self.State.EXPIRED if self.expires_at <= at else self.State.PENDING


class EventQuerySet(models.QuerySet["Event"]):
    def public(self) -> Self:
        """What anybody may see: everything but drafts."""
        return self.exclude(status=Event.Status.DRAFT)

    def visible_to(self, user: User | None) -> Self:
        """Public events, and the drafts that the user works for."""
        if user is None:
            return self.public()
        if user.is_staff:
            return self
        return self.filter(~Q(status=Event.Status.DRAFT) | _worked_on(user))

    def of_team(self, user: User, capability: Capability = Capability.SEE_BOOKINGS) -> Self:
        """Those for which the user has the capability by a membership; all of them for staff."""
        return self if user.is_staff else self.filter(_worked_on(user, capability))

    def editable_by(self, user: User) -> Self:
        """Those the user may change."""
        return self.of_team(user, Capability.EDIT_EVENTS)

    def upcoming(self, now: datetime) -> Self:
        """Published and not over."""
        return self.filter(status=Event.Status.PUBLISHED, ends_at__gt=now)

    def bookable(self, now: datetime) -> Self:
        """What `Event.is_bookable` says, with seats left."""
        begun = Q(sales_start_at=None) | Q(sales_start_at__lte=now)
        not_ended = Q(sales_end_at=None) | Q(sales_end_at__gt=now)
        return self.upcoming(now).filter(begun, not_ended, available_seats__gte=1)


def _worked_on(user: User, capability: Capability = Capability.SEE_BOOKINGS) -> Q:
    """All events of a team, or the only one that a membership is for."""
    members = Membership.objects.of(user, capability)
    return Q(organiser__in=members.for_all_events().values("organiser")) | Q(
        pk__in=members.for_one_event().values("only_event")
    )


_EventManager = models.Manager.from_queryset(EventQuerySet)


class EventManager(_EventManager["Event"]):
    def get_queryset(self) -> EventQuerySet:
        # The search vector is for the database alone: never fetched.
        return EventQuerySet(self.model, using=self._db).defer("words")


class Event(Searchable):
    """Something with seats to sell, once each.

    `available_seats` is written by `events.inventory` alone. `version` grows with every change,
    sales too; `edited_version` is the version of the last change made by a person, so that an
    editor is told of another editor and not of every sale in between.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        CANCELLED = "cancelled", pgettext_lazy("event", "Cancelled")
        COMPLETED = "completed", _("Completed")

    SEARCHED = {"A": "name", "B": "venue", "C": "description"}

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organiser = models.ForeignKey(
        Organiser, on_delete=models.PROTECT, related_name="events", verbose_name=_("organiser")
    )
    name = LineField(_("name"), max_length=MAX_NAME)
    description = ParagraphsField(_("description"), max_length=MAX_DESCRIPTION, blank=True)
    venue = LineField(_("venue"), max_length=MAX_NAME, blank=True)
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    sales_start_at = models.DateTimeField(
        _("sale starts at"),
        null=True,
        blank=True,
        help_text=_("Empty: as soon as the event is published."),
    )
    sales_end_at = models.DateTimeField(
        _("sale ends at"), null=True, blank=True, help_text=_("Empty: when the event ends.")
    )
    timezone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_timezone]
    )
    capacity = models.PositiveIntegerField(
        _("capacity"), validators=[MinValueValidator(1), MaxValueValidator(MAX_CAPACITY)]
    )
    available_seats = models.PositiveIntegerField(_("available seats"), editable=False)
    price = models.DecimalField(
        _("price"),
        max_digits=MAX_DIGITS,
        decimal_places=MAX_PLACES,
        default=0,
        validators=[MinValueValidator(0)],
    )
    currency = models.CharField(
        _("currency"), max_length=3, default="EUR", validators=[validate_currency]
    )
    max_per_booking = models.PositiveIntegerField(
        _("seats in one booking, at most"),
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_CAPACITY)],
    )
    repeat_bookings_allowed = models.BooleanField(
        _("a person may book more than once"), default=False
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.DRAFT
    )
    version = models.PositiveBigIntegerField(default=1, editable=False)
    edited_version = models.PositiveBigIntegerField(default=1, editable=False)
    # How often time or place have changed while it was on sale, and when they last did.
    moves = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    moved_at = models.DateTimeField(null=True, editable=False)
    import_uid = models.CharField(max_length=255, null=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=now, editable=False)

    objects = EventManager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ("starts_at", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(available_seats__gte=0), name="event_never_oversold"
            ),
            models.CheckConstraint(
                condition=Q(available_seats__lte=F("capacity")), name="event_never_overfilled"
            ),
            models.CheckConstraint(
                condition=Q(capacity__gte=1, capacity__lte=MAX_CAPACITY),
                name="event_capacity_in_range",
            ),
            models.CheckConstraint(condition=Q(price__gte=0), name="event_price_not_negative"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="event_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(sales_end_at__gt=F("sales_start_at")),
                name="event_sale_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(sales_start_at__lt=F("ends_at")),
                name="event_sale_starts_before_its_end",
            ),
            models.CheckConstraint(
                condition=Q(sales_end_at__lte=F("ends_at")), name="event_sale_ends_by_its_end"
            ),
            models.UniqueConstraint(
                fields=("organiser", "import_uid"), name="event_imported_once_per_organiser"
            ),
        )
        indexes = (
            GinIndex(fields=("words",), name="event_words"),
            models.Index(fields=("starts_at", "id"), name="event_by_start"),
            models.Index(fields=("currency", "price", "id"), name="event_by_currency_and_price"),
            models.Index(fields=("status", "ends_at"), name="event_by_status_and_end"),
        )

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """The rules over several fields; those over one are its validators."""
        self._clean_price()
        if not self.starts_at or not self.ends_at:
            return
        if self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": _("The event must end after it starts.")})
        self._clean_sale()

    def _clean_price(self) -> None:
        if self.price is None or not self.currency:
            return
        try:
            validate_amount(self.price, self.currency)
        except ValidationError as error:
            raise ValidationError({"price": error}) from error

    def _clean_sale(self) -> None:
        """The sale lies before the event's end and takes some time; see the constraints."""
        if self.sales_end_at and self.sales_end_at > self.ends_at:
            raise ValidationError({"sales_end_at": _SALE_ENDS_LATE % self._end_on_its_clocks()})
        if self.sales_start_at and self.sales_start_at >= self.ends_at:
            raise ValidationError({"sales_start_at": _SALE_STARTS_LATE % self._end_on_its_clocks()})
        if self.sales_start_at and self.sales_start_at >= self.sale_ends_at:
            raise ValidationError({"sales_end_at": _("The sale must end after it starts.")})

    def _end_on_its_clocks(self) -> dict[str, str]:
        # The zone's own rule may be broken as well: then its name is no zone.
        zone = self.timezone if self.timezone in known_timezones() else "UTC"
        return {"end": f"{self.ends_at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}", "zone": zone}

    @property
    def taken_seats(self) -> int:
        """Seats that are not for sale now: confirmed, held or offered."""
        return self.capacity - self.available_seats

    @property
    def sale_ends_at(self) -> datetime:
        """When the last seat can be booked: the end of the sale, at the latest of the event."""
        return min(self.sales_end_at or self.ends_at, self.ends_at)

    def is_bookable(self, now: datetime) -> bool:
        """Whether seats may be sold now: published, the sale has begun and has not ended."""
        begun = self.sales_start_at is None or self.sales_start_at <= now
        return self.status == self.Status.PUBLISHED and begun and now < self.sale_ends_at


class InventoryAudit(models.Model):
    """One run of the audit: whether the counters agreed with the rows at that instant."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ran_at = models.DateTimeField(_("ran at"), db_index=True)
    events = models.PositiveIntegerField(_("events counted"))
    drifting_events = models.PositiveIntegerField(_("events that do not add up"))
    drift_seats = models.PositiveIntegerField(_("seats that are wrong"))

    class Meta:
        verbose_name = _("inventory audit")
        verbose_name_plural = _("inventory audits")
        ordering = ("-ran_at",)

    def __str__(self) -> str:
        return f"{self.ran_at:%Y-%m-%d %H:%M}: {self.drift_seats}"
