from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    name = "events"
    verbose_name = _("Events")

    def ready(self) -> None:
        from celery.signals import worker_process_shutdown

        from evently.accounts.personal_data import register_personal_data
        from evently.facts import subscribe
        from events.facts import EventStateChanged, ListsChanged, OrganiserRenamed
        from events.listing import hear_of_lists, hear_of_name
        from events.live import announcer
        from events.metrics import show_inventory
        from events.personal_data import PERSONAL_DATA
        from events.queries import find_last_audit

        register_personal_data(PERSONAL_DATA)
        show_inventory(find_last_audit)
        subscribe(EventStateChanged, announcer.announce)
        subscribe(ListsChanged, hear_of_lists)
        subscribe(OrganiserRenamed, hear_of_name)
        # A worker's child process ends without the interpreter's own exit.
        worker_process_shutdown.connect(announcer.close, weak=False)
