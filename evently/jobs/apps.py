from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "evently.jobs"
    label = "jobs"
    verbose_name = _("Jobs")

    def ready(self) -> None:
        from evently.jobs import recording  # noqa: F401 (connects itself)
        from evently.jobs.metrics import show_jobs
        from evently.jobs.timetable import list_jobs

        show_jobs(list_jobs)
