"""Who may open websockets: the site's own pages, and programs."""

from typing import Any
from urllib.parse import urlsplit

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope
from channels.security.websocket import OriginValidator
from django.conf import settings


async def refuse(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Refuses a websocket at once, with HTTP 403.

    The framework's own refusal goes on to listen for messages to a socket that never opened, for
    ever under a server that has nothing more to say about it.
    """
    await receive()
    await send({"type": "websocket.close", "code": 1008, "reason": None})


class NoForeignPages(OriginValidator):  # type: ignore[misc]
    """Refuses what a page of another site asks for.

    Browsers always name the page's origin; whoever names none is a program, which carries nobody's
    cookies.
    """

    def __init__(self, inner: Any) -> None:
        super().__init__(inner, settings.ALLOWED_HOSTS)

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        origin = _origin(scope)
        if origin is None or self.valid_origin(origin):
            await self.application(scope, receive, send)
        else:
            await refuse(scope, receive, send)


def _origin(scope: Any) -> Any:
    for name, value in scope["headers"]:
        if name == b"origin":
            return urlsplit(value.decode("latin1"))
    return None
