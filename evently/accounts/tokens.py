"""Tokens for programs: a short access token, and a refresh token that works once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.db import connection
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import get_md5_hash_password

from evently.accounts.errors import TokenRefused
from evently.accounts.models import User
from evently.transactions import unit_of_work

if TYPE_CHECKING:
    from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken

# By an array: as a list of parameters the ids of a batch cost more than the look-up.
PASSWORDS = """
    SELECT id::text, password FROM accounts_user WHERE id = ANY(%s::uuid[]) AND is_active
"""


@dataclass(frozen=True, slots=True)
class TokenPair:
    user: User
    access: str
    refresh: str


def issue_tokens(user: User) -> TokenPair:
    refresh = RefreshToken.for_user(user)
    return TokenPair(user=user, access=str(refresh.access_token), refresh=str(refresh))


def rotate_tokens(refresh: str) -> TokenPair:
    """Trade a refresh token for a new pair; the old one is spent.

    Raises:
        TokenRefused: forged, expired, spent, or older than the person's password.

    Side effects:
        Opens the transaction.
    """
    token = _read(refresh)
    user = User.objects.filter(pk=token[api_settings.USER_ID_CLAIM], is_active=True).first()
    if user is None or not _is_younger_than_password(token, user):
        raise TokenRefused
    with unit_of_work():
        # Two calls with one token: whoever writes the row first gets the pair.
        _, is_first = cast("tuple[BlacklistedToken, bool]", token.blacklist())
        if not is_first:
            raise TokenRefused
        return issue_tokens(user)


def revoke_token(refresh: str) -> None:
    """Make a refresh token useless; one that is useless already is left as it is."""
    try:
        _read(refresh).blacklist()
    except TokenRefused:
        return


def list_valid_callers(tokens: Sequence[Mapping[str, Any]]) -> list[bool]:
    """For each access token's claims, whether its owner is there, active, and has the password
    that they had when it was issued: one query."""
    with connection.cursor() as cursor:
        cursor.execute(PASSWORDS, [[claims[api_settings.USER_ID_CLAIM] for claims in tokens]])
        marks = {person: get_md5_hash_password(password) for person, password in cursor}
    return [
        marks.get(claims[api_settings.USER_ID_CLAIM], "")
        == claims.get(api_settings.REVOKE_TOKEN_CLAIM)
        for claims in tokens
    ]


def _read(refresh: str) -> RefreshToken:
    try:
        return RefreshToken(refresh)  # type: ignore[arg-type]
    except TokenError as error:
        raise TokenRefused from error


def _is_younger_than_password(token: RefreshToken, user: User) -> bool:
    claim = token.get(api_settings.REVOKE_TOKEN_CLAIM)
    return bool(claim == get_md5_hash_password(user.password))
