"""Who changed what, and what it was before."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from evently.ids import new_id

MAX_LABEL = 254


class Change(models.Model):
    """One field of one thing, before and after. Rows are added and never changed or removed, but
    that a member's address gives way to a nameless one when the account is erased.

    The ids are no foreign keys: a row outlives what it tells of. `before` is None for what began
    with this change, `after` for what ended. `by` is None when Evently itself did it, and after
    the account's row is gone.

    Personal data: who did it (`by`), the e-mail address of a member or an account as its label,
    and what people wrote into an event. They stay after the account is erased, so that an organiser
    can still account for who could do what; `by` then shows an account without a name. A booking's
    label is its reference, and what visitors do with their own bookings is not kept.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(_("when"), default=now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("who"),
    )
    # None for what concerns an account, whatever teams it belongs to.
    organiser_id = models.UUIDField(null=True)
    event_id = models.UUIDField(null=True)
    subject = models.CharField(_("what"), max_length=20)
    subject_id = models.UUIDField()
    label = models.CharField(_("its name then"), max_length=MAX_LABEL)
    field = models.CharField(_("field"), max_length=50)
    before = models.JSONField(_("before"), null=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(_("after"), null=True, encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=("organiser_id", "-at", "-id"), name="change_by_organiser"),
            models.Index(fields=("event_id", "-at", "-id"), name="change_by_event"),
        )

    def __str__(self) -> str:
        return f"{self.label}: {self.field}"
