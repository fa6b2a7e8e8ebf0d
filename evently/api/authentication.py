"""Who calls the API: a program shows an access token; a browser its session, and for every change
the CSRF token."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from evently.accounts.models import User
from evently.accounts.tokens import find_token_owner
from evently.api.bearer import find_bearer_token
from evently.api.problem import CHALLENGE
from evently.errors import Forbidden


class CsrfRefused(Forbidden):
    """A page of another site could have sent this request in the person's name."""

    code = "csrf-refused"
    title = _("Send the header X-CSRFToken with the value of the CSRF cookie, or use a token.")


class AccessToken(BaseAuthentication):
    """A bearer token (RFC 6750 §2.1), by the rules of `evently.accounts.tokens`."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "").encode("latin1", "replace")
        token = find_bearer_token(header)
        if token is None:
            return None
        user = find_token_owner(token)
        if user is None:
            raise AuthenticationFailed
        return user, None

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class BrowserSession(SessionAuthentication):
    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise CsrfRefused from error


class BrowserSessionScheme(OpenApiAuthenticationExtension):
    """Its part of the OpenAPI document."""

    target_class = BrowserSession
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            # As it is called over TLS, whatever this machine uses.
            "name": "__Host-sessionid",
            "description": "For pages of this site; changes need the header X-CSRFToken, too.",
        }


class AccessTokenScheme(OpenApiAuthenticationExtension):
    """Their part of the OpenAPI document."""

    target_class = AccessToken
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "`access` from /auth/login or /auth/register; lives 15 minutes unless "
            "the operator chose otherwise.",
        }
