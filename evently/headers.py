"""The headers that protect every answer, whether Django makes it or a layer in front of Django.

The one list of them is `PROTECTING`: middlewares that stand in `settings.MIDDLEWARE` for Django's
own answers, and are asked here for all others.
"""

from functools import cache

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils.deprecation import MiddlewareMixin


class PermissionsPolicyMiddleware(MiddlewareMixin):
    """Sends `settings.PERMISSIONS_POLICY` as the header of that name (W3C Permissions Policy)."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return response


# Each has a `process_response` that sets headers whatever the request was.
PROTECTING = (
    XFrameOptionsMiddleware,
    CSPMiddleware,
    PermissionsPolicyMiddleware,
    SecurityMiddleware,
)


def protect(response: HttpResponse, *, is_secure: bool = False) -> HttpResponse:
    """Add the protecting headers to an answer that no middleware sees.

    Args:
        is_secure: whether the request came over TLS; then browsers are told to stay with it.
    """
    for name, value in protecting_headers(is_secure=is_secure).items():
        response.headers.setdefault(name, value)
    return response


@cache
def protecting_headers(*, is_secure: bool = False) -> dict[str, str]:
    """Content-Security-Policy, Permissions-Policy and the like, by name."""
    request = _SecureRequest() if is_secure else HttpRequest()
    request.path = request.path_info = "/"
    response = HttpResponse()
    for middleware in PROTECTING:
        middleware(lambda _: response).process_response(request, response)
    del response["Content-Type"]
    return dict(response.items())


class _SecureRequest(HttpRequest):
    def _get_scheme(self) -> str:
        return "https"
