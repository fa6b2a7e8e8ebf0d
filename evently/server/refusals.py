"""What the server says itself to a client that no application can answer."""

import json
from http import HTTPStatus

TITLES = {
    400: ("malformed", "The request cannot be read."),
    408: ("request-timeout", "The request did not arrive in time. Send it again."),
    414: ("address-too-long", "The address of the request is too long."),
    431: (
        "headers-too-large",
        "The headers of the request are too many or too large. Delete the site's cookies.",
    ),
    501: ("not-implemented", "The server does not know this form of request."),
    503: ("busy", "There are too many connections. Try again in a moment."),
}
RETRY_AFTER_SECONDS = 5
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def refusal(status: int, address: bytes = b"") -> bytes:
    """A whole HTTP answer that closes the connection.

    Args:
        status: one of `TITLES`.
        address: what is known of the request's; below /api/ the answer is a problem (RFC 9457).
    """
    code, title = TITLES[status]
    if address.startswith(b"/api/"):
        kind = "application/problem+json"
        problem = {"type": f"urn:evently:problem:{code}", "title": title, "status": status}
        body = json.dumps({**problem, "detail": title, "code": code})
    else:
        kind, body = "text/plain; charset=utf-8", f"{title}\n"
    headers = {
        "Content-Type": kind,
        "Content-Length": str(len(body)),
        "Connection": "close",
        **SECURITY_HEADERS,
        **({"Retry-After": str(RETRY_AFTER_SECONDS)} if status == 503 else {}),
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", body]).encode()
