"""The one server program: the gateway's layers, then websockets, and Django behind a lasting pool
of threads.

Each layer is a small module that `settings.GATEWAY` names and that can be taken out. Django runs as
WSGI because its own ASGI handler starts a thread for each request (figures:
`docs/decisions/0002-one-asgi-program.md`).
"""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")
django = get_wsgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402

from evently.gateway.lifespan import Lifespan  # noqa: E402
from evently.gateway.threads import django_threads  # noqa: E402
from evently.gateway.wsgi import DjangoInThreads  # noqa: E402
from evently.site.requests import Utf8Request  # noqa: E402
from evently.site.sockets import NoForeignPages  # noqa: E402
from events.live import announcer  # noqa: E402
from events.routing import websocket_urlpatterns as of_events  # noqa: E402
from notifications.routing import websocket_urlpatterns as of_people  # noqa: E402

django.request_class = Utf8Request
application = ProtocolTypeRouter(
    {
        "http": DjangoInThreads(django, django_threads()),
        "websocket": NoForeignPages(URLRouter([*of_people, *of_events])),
        "lifespan": Lifespan(at_end=announcer.close),
    }
)
for layer in reversed(settings.GATEWAY):
    application = import_string(layer)(application)

# What stands now stays: the collector need not look at it again and again.
gc.collect()
gc.freeze()
# Bookings that wait for their batch are thousands of objects. At Python's own threshold, 700, the
# search for cycles among them took a tenth of the time of a rush.
gc.set_threshold(10_000)
