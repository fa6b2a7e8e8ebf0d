"""What a layer says itself, instead of handing the request on: a Django response, sent as ASGI."""

from collections.abc import Iterable
from typing import Any

from asgiref.typing import ASGISendCallable
from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse, parse_cookie

STARTS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})

Headers = Iterable[tuple[bytes, bytes]]


def with_headers(message: Any, headers: Headers) -> Any:
    """The message that starts an answer, with further headers."""
    return {**message, "headers": [*message.get("headers", ()), *headers]}


def light_request(scope: Any) -> HttpRequest:
    """As much of a request as Django's helpers for languages and origins look at."""
    request = HttpRequest()
    request.method = scope.get("method", "GET")
    request.path = request.path_info = scope["path"]
    for name, value in scope["headers"]:
        request.META["HTTP_" + name.decode("latin1").upper().replace("-", "_")] = value.decode(
            "latin1"
        )
    request.COOKIES = parse_cookie(request.META.get("HTTP_COOKIE", ""))
    return request


def is_secure(scope: Any) -> bool:
    """Whether the request came over TLS, as Django's own `is_secure` says."""
    if trusted := settings.SECURE_PROXY_SSL_HEADER:
        name = trusted[0].removeprefix("HTTP_").replace("_", "-").lower().encode()
        for sent, value in scope["headers"]:
            if sent == name:
                return bool(value.decode("latin1").split(",")[0].strip() == trusted[1])
    return scope.get("scheme") in {"https", "wss"}


def for_other_origins(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Let scripts of the origins in `CORS_ALLOWED_ORIGINS` read the response, as Django does."""
    return _cors.add_response_headers(request, response)  # type: ignore[return-value]


async def send_response(
    send: ASGISendCallable, response: HttpResponse, *, kind: str = "http"
) -> None:
    """Send it all at once; `kind` "websocket.http" answers a handshake."""
    body = response.content
    headers = [
        *((name.lower().encode(), value.encode("latin1")) for name, value in response.items()),
        (b"content-length", str(len(body)).encode()),
    ]
    start: Any = {
        "type": f"{kind}.response.start",
        "status": response.status_code,
        "headers": headers,
    }
    end: Any = {"type": f"{kind}.response.body", "body": body}
    await send(start)
    await send(end)


_cors = CorsMiddleware(lambda _: HttpResponse())
