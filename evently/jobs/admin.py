"""The schedule and how it is kept, for Evently's staff."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from evently.admin.reading import ForStaffToRead
from evently.jobs.models import JobRun
from evently.jobs.timetable import job_of, scheduled_tasks
from evently.site.columns import dated

if TYPE_CHECKING:
    JobRunModelAdmin = admin.ModelAdmin[JobRun]
else:
    JobRunModelAdmin = ModelAdmin


@admin.register(JobRun)
class JobRunAdmin(ForStaffToRead, JobRunModelAdmin):
    """What runs when is said in the settings; here one sees that it did."""

    list_display = ("name", "rhythm", "finished", "took", "standing", "error")
    list_display_links = None
    ordering = ("task",)
    finished = dated("finished_at", _("last done"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[JobRun]:
        """What left the schedule is no job any more."""
        return super().get_queryset(request).filter(task__in=scheduled_tasks())

    @display(description=_("job"))
    def name(self, run: JobRun) -> str:
        return job_of(run).name

    @display(description=_("every, or when (minute, hour)"))
    def rhythm(self, run: JobRun) -> str:
        return job_of(run).rhythm

    @display(description=_("took"))
    def took(self, run: JobRun) -> str:
        return f"{run.milliseconds} ms" if run.finished_at else ""

    @display(description=_("state"), label={"late": "danger", "in time": "success"})
    def standing(self, run: JobRun) -> tuple[str, str]:
        is_late = job_of(run).is_late(timezone.now())
        return ("late", str(_("late"))) if is_late else ("in time", str(_("in time")))
