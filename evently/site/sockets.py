"""Who may open websockets: the site's own pages, and programs."""

from typing import Any
from urllib.parse import urlsplit

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from evently.api.bearer import find_bearer_token

DEFAULT_PORTS = {"http": 80, "https": 443}
# Scheme, host in lower case, port.
Origin = tuple[str, str, int]


async def refuse(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Refuses a websocket at once, with HTTP 403.

    The framework's own refusal goes on to listen for messages to a socket that never opened, for
    ever under a server that has nothing more to say about it.
    """
    await receive()
    await send({"type": "websocket.close", "code": 1008, "reason": None})


class NoForeignPages:
    """Refuses what a page of another site asks for (RFC 6455 §10.2).

    Browsers always name the page's origin. A request without one comes from a program, which has
    nobody's cookies. So does one with a bearer token: pages cannot send that header with a
    handshake, and where it is sent it counts instead of the cookies. Another port or scheme of the
    same host is another site (RFC 6454 §4).
    """

    def __init__(self, inner: ASGI3Application) -> None:
        self.inner = inner

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        named = [value.decode("latin1") for value in _values(scope, b"origin")]
        is_ours = not named or (len(named) == 1 and _is_ours(named[0], scope))
        if is_ours or _shows_token(scope):
            await self.inner(scope, receive, send)
        else:
            await refuse(scope, receive, send)


def _shows_token(scope: Any) -> bool:
    """Whether the header Authorization names one, valid or not; the first such header counts."""
    shown = _values(scope, b"authorization")
    return bool(shown) and find_bearer_token(shown[0]) is not None


def _is_ours(text: str, scope: Any) -> bool:
    """Whether it is the origin that the request itself is sent to, or one that is trusted."""
    origin = parse_origin(text)
    trusted = (settings.SITE_URL, *settings.CSRF_TRUSTED_ORIGINS)
    return origin is not None and (
        origin == _asked(scope) or origin in {parse_origin(other) for other in trusted}
    )


def parse_origin(text: str) -> Origin | None:
    """The parts of an origin or of an address; None when it is none, such as "null"."""
    try:
        parts = urlsplit(text)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port


def _asked(scope: Any) -> Origin | None:
    """The origin of the pages at the address that the request is sent to, if it is our host."""
    host = b",".join(_values(scope, b"host")).decode("latin1")
    name, _ = split_domain_port(host)
    if not name or not validate_host(name, settings.ALLOWED_HOSTS):
        return None
    return parse_origin(f"{_scheme(scope)}://{host}")


def _scheme(scope: Any) -> str:
    """http or https, behind a balancer as it says where that is believed."""
    if settings.SECURE_PROXY_SSL_HEADER:
        header, secure = settings.SECURE_PROXY_SSL_HEADER
        name = header.removeprefix("HTTP_").replace("_", "-").lower().encode()
        if values := _values(scope, name):
            is_secure = values[0].decode("latin1").split(",")[0].strip() == secure
            return "https" if is_secure else "http"
    return "https" if scope.get("scheme") in {"wss", "https"} else "http"


def _values(scope: Any, wanted: bytes) -> list[bytes]:
    return [value for name, value in scope["headers"] if name == wanted]
