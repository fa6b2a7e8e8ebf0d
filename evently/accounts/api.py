"""/api/v1/auth: accounts and tokens."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from evently.accounts import services, tokens
from evently.accounts.errors import EmailTaken, LoginRefused, TokenRefused, TooManyLogins
from evently.accounts.serializers import (
    Credentials,
    Profile,
    RefreshIn,
    Registration,
    TokenPairOut,
    UserOut,
)
from evently.api.repeats import Repeats
from evently.api.schema import refuses
from evently.api.views import ApiView

NEWCOMER = OpenApiExample(
    "A newcomer",
    request_only=True,
    value={"email": "ada@example.com", "password": "a long and rare phrase", "name": "Ada"},
)


class OpenView(ApiView):
    """For people who have no token yet; a stale one in the request does no harm.

    An Idempotency-Key is ignored: keys belong to a person, who is not known here, and answers with
    tokens are never kept.
    """

    repeats = Repeats.ARE_DONE_AGAIN
    authentication_classes = ()
    permission_classes = (AllowAny,)


class RegisterView(OpenView):
    @extend_schema(
        request=Registration,
        responses={201: TokenPairOut},
        examples=[NEWCOMER],
        tags=["auth"],
    )
    @refuses(EmailTaken)
    def post(self, request: Request) -> Response:
        """Open an account and log in."""
        user = services.register_user(**self.read(Registration))
        return Response(TokenPairOut(tokens.issue_tokens(user)).data, status.HTTP_201_CREATED)


class LoginView(OpenView):
    @extend_schema(request=Credentials, responses={200: TokenPairOut}, tags=["auth"])
    @refuses(LoginRefused, TooManyLogins)
    def post(self, request: Request) -> Response:
        """Trade e-mail address and password for tokens."""
        plain_request = request._request  # noqa: SLF001 (what allauth and Django know)
        user = services.authenticate_user(request=plain_request, **self.read(Credentials))
        return Response(TokenPairOut(tokens.issue_tokens(user)).data)


class RefreshView(OpenView):
    @extend_schema(request=RefreshIn, responses={200: TokenPairOut}, tags=["auth"])
    @refuses(TokenRefused)
    def post(self, request: Request) -> Response:
        """Trade a refresh token for a new pair; each works once."""
        pair = tokens.rotate_tokens(self.read(RefreshIn)["refresh"])
        return Response(TokenPairOut(pair).data)


class LogoutView(OpenView):
    @extend_schema(request=RefreshIn, responses={204: None}, tags=["auth"])
    def post(self, request: Request) -> Response:
        """Make a refresh token useless; no news when it is useless already."""
        tokens.revoke_token(self.read(RefreshIn)["refresh"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class ProfileView(ApiView):
    @extend_schema(responses={200: UserOut}, tags=["auth"])
    def get(self, request: Request) -> Response:
        """Who the caller is."""
        return Response(UserOut(self.person).data)

    @extend_schema(request=Profile, responses={200: UserOut}, tags=["auth"])
    def patch(self, request: Request) -> Response:
        """Change the caller's name."""
        profile = self.read(Profile)
        user = services.rename_user(user=self.person, **profile) if profile else self.person
        return Response(UserOut(user).data)
