"""/api/v1/auth: accounts and tokens."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from evently.accounts import addresses, services, tokens
from evently.accounts.devices import make_device
from evently.accounts.errors import (
    EmailTaken,
    LinkRefused,
    LoginRefused,
    TokenRefused,
    TooManyLogins,
    TooManyMails,
)
from evently.accounts.login_limits import account_of
from evently.accounts.models import User
from evently.accounts.serializers import (
    Confirmation,
    Credentials,
    LoginOut,
    Profile,
    RefreshIn,
    Registration,
    TokenPairOut,
    UserOut,
)
from evently.api.repeats import Repeats
from evently.api.schema import refuses
from evently.api.views import ApiView, takes


class OpenView(ApiView):
    """For people who have no token yet; a stale one in the request does no harm.

    An Idempotency-Key is ignored: keys belong to a person, who is not known here, and answers with
    tokens are never kept.
    """

    repeats = Repeats.ARE_DONE_AGAIN
    authentication_classes = ()
    permission_classes = (AllowAny,)


class RegisterView(OpenView):
    @extend_schema(responses={201: LoginOut}, tags=["auth"])
    @takes(Registration)
    def post(self, request: Request) -> Response:
        """Open an account and log in.

        The answer is the same whether or not somebody else has the address: who reads its mail is
        told. Until the link in that mail is followed the account can book, and nothing more.
        """
        user = services.register_user(**self.given)
        return Response(_logged_in(request, user), status.HTTP_201_CREATED)


class LoginView(OpenView):
    @extend_schema(responses={200: LoginOut}, tags=["auth"])
    @takes(Credentials)
    @refuses(LoginRefused, TooManyLogins)
    def post(self, request: Request) -> Response:
        """Trade e-mail address and password for tokens."""
        user = services.authenticate_user(request=_plain(request), **self.given)
        return Response(_logged_in(request, user))


class RefreshView(OpenView):
    @extend_schema(responses={200: TokenPairOut}, tags=["auth"])
    @takes(RefreshIn)
    @refuses(TokenRefused)
    def post(self, request: Request) -> Response:
        """Trade a refresh token for a new pair; each works once.

        When the answer was lost, send the same token again within 30 seconds. Used later, or after
        its successor, it ends all tokens of this log-in: somebody else may have it.
        """
        pair = tokens.rotate_tokens(self.given["refresh"], now=timezone.now())
        return Response(TokenPairOut(pair).data)


class LogoutView(OpenView):
    @extend_schema(responses={204: None}, tags=["auth"])
    @takes(RefreshIn)
    def post(self, request: Request) -> Response:
        """Log out.

        The refresh token, and the access tokens that came with it, work no longer.
        """
        tokens.revoke_token(self.given["refresh"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class VerificationView(ApiView):
    @extend_schema(responses={202: None}, tags=["auth"])
    @refuses(TooManyMails)
    def post(self, request: Request) -> Response:
        """Mail the link again that verifies the caller's address.

        Nothing is sent to an address that is verified already.
        """
        addresses.send_verification(user=self.person)
        return Response(status=status.HTTP_202_ACCEPTED)


class ConfirmationView(ApiView):
    @extend_schema(responses={200: UserOut}, tags=["auth"])
    @takes(Confirmation)
    @refuses(EmailTaken, LinkRefused)
    def post(self, request: Request) -> Response:
        """Verify the caller's address with the link that was mailed there.

        A link works once, and for the account that it was sent to.
        """
        token = self.given["token"]
        user = addresses.confirm_address(token=token, by=self.person, now=timezone.now())
        return Response(UserOut(user).data)


class ProfileView(ApiView):
    @extend_schema(responses={200: UserOut}, tags=["auth"])
    def get(self, request: Request) -> Response:
        """Show the caller's account.

        With the address, the name, and whether the address is verified.
        """
        return Response(UserOut(self.person).data)

    @extend_schema(responses={200: UserOut}, tags=["auth"])
    @takes(Profile)
    def patch(self, request: Request) -> Response:
        """Change the caller's name.

        What is not named stays as it is.
        """
        profile = self.given
        user = services.rename_user(user=self.person, **profile) if profile else self.person
        return Response(UserOut(user).data)


def _logged_in(request: Request, user: User) -> dict[str, Any]:
    pair = TokenPairOut(tokens.issue_tokens(user)).data
    return {**pair, "device": make_device(_plain(request), account_of(user.email))}


def _plain(request: Request) -> HttpRequest:
    """What allauth and Django know."""
    return request._request  # noqa: SLF001
