"""What people are told, how it is brought to them, and what they want to hear."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from evently.accounts.models import User
from evently.fields import LineField, ParagraphsField
from evently.ids import new_id
from events.models import Event


class Kind(models.TextChoices):
    """What a notice tells."""

    BOOKING_CONFIRMED = "booking_confirmed", _("Your booking is confirmed")
    BOOKING_CANCELLED = "booking_cancelled", _("Your booking is cancelled")
    WAITLIST_JOINED = "waitlist_joined", _("You are on a waitlist")
    WAITLIST_OFFER = "waitlist_offer", _("Seats are offered to you")
    OFFER_PASSED = "offer_passed", _("An offer has passed on")
    EVENT_MOVED = "event_moved", _("An event has a new time or place")
    EVENT_REMINDER = "event_reminder", _("An event is about to begin")
    WELCOME = "welcome", _("Welcome to Evently")
    BROADCAST = "broadcast", _("News from an organiser")


class Channel(models.TextChoices):
    """A way to bring a notice to a person, beside the bell that shows them all."""

    MAIL = "mail", _("E-mail")


class Notice(models.Model):
    """One thing that one person is told, once.

    Args:
        about: what it tells of, by kind: a booking, a waitlist entry, an offer, a broadcast, the
            person; for a reminder see `notifications.reminders`.
        data: what a rendering cannot look up by `about`.
        planned_at: since when its deliveries stand in rows.

    Notices are written with bookings, many at once, so their rows are kept cheap: the database does
    not look up once more the person, whom the writing statement joins, and the event, whose booking
    it is; and the constraint begins with what is new, so that its index grows at one end.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        db_index=False,  # An index of ours begins with it.
        db_constraint=False,
        related_name="notices",
        verbose_name=_("person"),
    )
    event = models.ForeignKey(
        Event,
        on_delete=models.CASCADE,
        null=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("event"),
    )
    about = models.UUIDField()
    data = models.JSONField(default=dict)
    language = models.CharField(_("language"), max_length=10)
    created_at = models.DateTimeField(_("written at"))
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)
    planned_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("about", "kind", "user"), name="notice_told_once"),
        )
        indexes = (
            models.Index(fields=("user", "-id"), name="notice_by_person"),
            models.Index(
                fields=("id",), condition=Q(planned_at__isnull=True), name="notice_to_be_planned"
            ),
        )

    def __str__(self) -> str:
        return self.get_kind_display()


class Delivery(models.Model):
    """Bringing a notice to its person through one channel.

    See `notifications.delivery.claims` for the way through the states; the reasons for it stand in
    docs/decisions/0013-mail-once.md.

    Args:
        claimed_until: until then one worker alone has it; afterwards anybody may take it.
    """

    class Status(models.TextChoices):
        DUE = "due", _("Due")
        SENDING = "sending", _("Handed over, no answer yet")
        SENT = "sent", _("Sent")
        UNCONFIRMED = "unconfirmed", _("Sent, but nobody confirmed it")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")
        SUPPRESSED = "suppressed", _("Not wanted at this address")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    notice = models.ForeignKey(
        Notice,
        on_delete=models.CASCADE,
        db_index=False,  # The unique constraint begins with it.
        related_name="deliveries",
        verbose_name=_("notice"),
    )
    channel = models.CharField(_("channel"), max_length=4, choices=Channel.choices)
    status = models.CharField(
        _("status"), max_length=11, choices=Status.choices, default=Status.DUE
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due at"))
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)
    provider = models.CharField(_("provider"), max_length=20, blank=True)
    provider_message_id = models.CharField(max_length=255, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("notice", "channel"), name="notice_delivered_once"),
        )
        indexes = (
            models.Index(fields=("due_at",), condition=Q(status="due"), name="delivery_due"),
            models.Index(
                fields=("claimed_until",), condition=Q(status="sending"), name="delivery_sending"
            ),
            models.Index(
                fields=("-id",),
                condition=Q(status__in=("failed", "unconfirmed")),
                name="delivery_to_look_at",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_status_display()}"


class Attempt(models.Model):
    """One try to hand a delivery to a provider, and what came of it."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Refused for now")
        REJECTED = "rejected", _("Refused for good")
        UNANSWERED = "unanswered", _("No answer")
        BROKEN = "broken", _("Could not be written or sent")

    delivery = models.ForeignKey(
        Delivery, on_delete=models.CASCADE, related_name="tries", verbose_name=_("delivery")
    )
    number = models.PositiveSmallIntegerField(_("number"))
    at = models.DateTimeField(_("at"))
    provider = models.CharField(_("provider"), max_length=20)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices)
    detail = models.TextField(_("detail"), blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.number}: {self.get_outcome_display()}"


class Preference(models.Model):
    """A person's choice about one kind of notice on one channel; without one it is wanted."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        db_index=False,  # The unique constraint begins with it.
        related_name="notice_preferences",
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    channel = models.CharField(max_length=4, choices=Channel.choices)
    wanted = models.BooleanField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("user", "kind", "channel"), name="one_preference_per_kind_and_channel"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} · {self.channel}: {self.wanted}"


class Suppression(models.Model):
    """An address that gets no mail any more, in lower case."""

    class Reason(models.TextChoices):
        BOUNCE = "bounce", _("Mail came back")
        COMPLAINT = "complaint", _("Called spam")
        UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")

    email = models.EmailField(_("e-mail address"), max_length=254, unique=True)
    reason = models.CharField(_("reason"), max_length=12, choices=Reason.choices)
    at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("address without mail")
        verbose_name_plural = _("addresses without mail")
        ordering = ("-at",)

    def __str__(self) -> str:
        return self.email


class Reminder(models.Model):
    """An event whose people have been reminded, so many hours before this start of it.

    Args:
        starts_at: None in rows of before events could move.
    """

    event = models.ForeignKey(
        Event,
        on_delete=models.CASCADE,
        db_index=False,  # An index of ours begins with it.
        related_name="+",
    )
    hours = models.PositiveSmallIntegerField()
    starts_at = models.DateTimeField(null=True)
    written_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("event", "hours"), name="reminder_by_event"),)

    def __str__(self) -> str:
        return f"{self.event_id}: {self.hours} h"


class Move(models.Model):
    """An event that takes place at another time or place; its people are told.

    Changes that follow each other closely are one move: it takes them in until it is closed, and
    then the notices are written.

    Args:
        before: time and place before the first of the changes, see `notifications.moves`.
        first_at, last_at: of the changes.
        written_at: since when all notices are there, or need not be.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, db_index=False, related_name="+")
    before = models.JSONField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    written_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("event",),
                condition=Q(closed_at__isnull=True),
                name="one_open_move_an_event",
            ),
        )
        indexes = (
            models.Index(
                fields=("first_at",), condition=Q(written_at__isnull=True), name="move_to_tell_of"
            ),
        )

    def __str__(self) -> str:
        return f"{self.event_id}: {self.first_at:%Y-%m-%d %H:%M}"


class Broadcast(models.Model):
    """An organiser's message to the people of an event: each gets a notice about it."""

    class Audience(models.TextChoices):
        BOOKED = "booked", _("Everybody who has booked")
        WAITING = "waiting", _("Everybody who waits")
        BOTH = "both", _("Everybody who has booked or waits")

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        WRITTEN = "written", _("On its way")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="broadcasts", verbose_name=_("event")
    )
    by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("written by")
    )
    audience = models.CharField(_("to"), max_length=7, choices=Audience.choices)
    subject = LineField(_("subject"), max_length=150)
    body = ParagraphsField(_("text"), max_length=10_000)
    status = models.CharField(
        _("status"), max_length=7, choices=Status.choices, default=Status.QUEUED
    )
    people = models.PositiveIntegerField(_("people"), null=True, blank=True)
    created_at = models.DateTimeField(_("written at"))

    class Meta:
        verbose_name = _("broadcast")
        verbose_name_plural = _("broadcasts")
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.subject
