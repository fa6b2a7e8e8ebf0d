"""How browsers are known to the API: by their session, with the CSRF token for every change."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from evently.errors import Forbidden


class CsrfRefused(Forbidden):
    """A page of another site could have sent this request in the person's name."""

    code = "csrf-refused"
    title = _("Send the header X-CSRFToken with the value of the cookie csrftoken, or use a token.")


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
            "name": "sessionid",
            "description": "For pages of this site; changes need the header X-CSRFToken, too.",
        }


class AccessTokenScheme(OpenApiAuthenticationExtension):
    """The bearer tokens of `rest_framework_simplejwt`, in our words."""

    target_class = "rest_framework_simplejwt.authentication.JWTAuthentication"
    name = "bearer"
    priority = 1

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "`access` from /auth/login or /auth/register; lives 15 minutes unless "
            "the operator chose otherwise.",
        }
