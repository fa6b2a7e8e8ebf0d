"""When the jobs of the schedule ran."""

from django.db import models
from django.utils.translation import gettext_lazy as _

LONGEST_ERROR = 500


class JobRun(models.Model):
    """The last run of one job of the schedule. What is to be done stands in other rows."""

    task = models.CharField(_("task"), max_length=100, primary_key=True)
    expected_since = models.DateTimeField()
    finished_at = models.DateTimeField(_("last done"), null=True)
    milliseconds = models.PositiveIntegerField(_("took"), default=0)
    failed_at = models.DateTimeField(_("last failed"), null=True)
    error = models.CharField(_("error"), max_length=LONGEST_ERROR, blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ("task",)

    def __str__(self) -> str:
        return self.task
