"""Organisers, their people and their events."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from evently.accounts.models import User
from evently.ids import new_id
from events.validators import validate_currency, validate_timezone

MAX_CAPACITY = 1_000_000
MAX_NAME = 200
MAX_DESCRIPTION = 20_000


class Role(models.TextChoices):
    """What a member of an organiser's team may do; each role may do all that the next one may."""

    OWNER = "owner", _("Owner: everything, members too")
    MANAGER = "manager", _("Manager: events and bookings")
    VIEWER = "viewer", _("Viewer: looks, changes nothing")


EDITORS = (Role.OWNER, Role.MANAGER)


class OrganiserQuerySet(models.QuerySet["Organiser"]):
    def of(self, user: User) -> Self:
        """Those the user is a member of; all of them for staff."""
        if user.is_staff:
            return self
        return self.filter(pk__in=Membership.objects.filter(user=user).values("organiser"))


OrganiserManager = models.Manager.from_queryset(OrganiserQuerySet)


class Organiser(models.Model):
    """A team that runs events."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=MAX_NAME)
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


class Membership(models.Model):
    """One person's role in one organiser's team."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organiser = models.ForeignKey(Organiser, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.VIEWER)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = (
            models.UniqueConstraint(
                fields=("organiser", "user"), name="one_role_per_organiser_and_person"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class EventQuerySet(models.QuerySet["Event"]):
    def public(self) -> Self:
        """What anybody may see: everything but drafts."""
        return self.exclude(status=Event.Status.DRAFT)

    def visible_to(self, user: User | None) -> Self:
        """Public events, and the drafts of the organisers the user belongs to."""
        if user is None:
            return self.public()
        if user.is_staff:
            return self
        return self.filter(
            ~Q(status=Event.Status.DRAFT) | Q(organiser__in=Organiser.objects.of(user))
        )

    def editable_by(self, user: User) -> Self:
        """Those of the organisers whose owner or manager the user is; all of them for staff."""
        if user.is_staff:
            return self
        teams = Membership.objects.filter(user=user, role__in=EDITORS)
        return self.filter(organiser__in=teams.values("organiser"))

    def upcoming(self, now: datetime) -> Self:
        """Published and not over."""
        return self.filter(status=Event.Status.PUBLISHED, ends_at__gt=now)


_EventManager = models.Manager.from_queryset(EventQuerySet)


class EventManager(_EventManager["Event"]):
    def get_queryset(self) -> EventQuerySet:
        # The search vector is for the database alone: never fetched.
        return EventQuerySet(self.model, using=self._db).defer("search")


class Event(models.Model):
    """Something with seats to sell, once each.

    `available_seats` is written by `events.inventory` alone. `version` grows with every change,
    sales too; `edited_version` is the version of the last change made by a person, so that an
    editor is told of another editor and not of every sale in between.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        CANCELLED = "cancelled", _("Cancelled")
        COMPLETED = "completed", _("Completed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organiser = models.ForeignKey(
        Organiser, on_delete=models.PROTECT, related_name="events", verbose_name=_("organiser")
    )
    name = models.CharField(_("name"), max_length=MAX_NAME)
    description = models.TextField(_("description"), max_length=MAX_DESCRIPTION, blank=True)
    venue = models.CharField(_("venue"), max_length=MAX_NAME, blank=True)
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    timezone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_timezone]
    )
    capacity = models.PositiveIntegerField(
        _("capacity"), validators=[MinValueValidator(1), MaxValueValidator(MAX_CAPACITY)]
    )
    available_seats = models.PositiveIntegerField(_("available seats"), editable=False)
    price = models.DecimalField(
        _("price"), max_digits=10, decimal_places=2, default=0, validators=[MinValueValidator(0)]
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
    import_uid = models.CharField(max_length=255, null=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=now, editable=False)
    search = models.GeneratedField(
        expression=SearchVector("name", weight="A", config="simple")
        + SearchVector("venue", weight="B", config="simple")
        + SearchVector("description", weight="C", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

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
            models.UniqueConstraint(
                fields=("organiser", "import_uid"), name="event_imported_once_per_organiser"
            ),
        )
        indexes = (
            GinIndex(fields=("search",), name="event_search"),
            models.Index(fields=("starts_at", "id"), name="event_by_start"),
            models.Index(fields=("price", "id"), name="event_by_price"),
            models.Index(fields=("status", "ends_at"), name="event_by_status_and_end"),
        )

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """The rule over two fields; those over one are its validators."""
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": _("The event must end after it starts.")})

    @property
    def taken_seats(self) -> int:
        """Seats that are not for sale now: confirmed, held or offered."""
        return self.capacity - self.available_seats

    def is_bookable(self, now: datetime) -> bool:
        """Whether seats may be sold now: published and not over."""
        return self.status == self.Status.PUBLISHED and self.ends_at > now


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
