from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "events"
    verbose_name = "Events"

    def ready(self) -> None:
        from celery.signals import worker_process_shutdown

        from evently.facts import subscribe
        from events.facts import EventStateChanged
        from events.live import announcer
        from events.metrics import show_inventory
        from events.queries import find_last_audit

        show_inventory(find_last_audit)
        subscribe(EventStateChanged, announcer.announce)
        # A worker's child process ends without the interpreter's own exit.
        worker_process_shutdown.connect(announcer.close, weak=False)
