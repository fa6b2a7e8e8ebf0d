"""Tokens for programs: a short access token, and a refresh token that is traded for the next pair.

All tokens that follow from one log-in are a family. When a refresh token is used a second time,
somebody else may have it, so the family ends (RFC 9700 §4.14.2), and its access tokens with it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection
from django.utils import timezone

from evently.accounts.errors import TokenRefused
from evently.accounts.facts import RefreshTokenReused
from evently.accounts.models import TokenFamily, User
from evently.accounts.token_format import ACCESS, REFRESH, Claims, read_token, sign
from evently.facts import publish
from evently.transactions import unit_of_work

# An answer may be lost on its way: for so long the same token gets the same successor once more.
REPEAT_SECONDS = 30
# However often it is traded: then the password is asked for again (OWASP ASVS 5.0, 10.4.8).
LONGEST_LIFE = timedelta(days=90)
# By an array: as a list of parameters the ids of a batch cost more than the look-up.
OWNERS = """
    SELECT family.id::text, person.id::text, family.password_mark, person.password
    FROM accounts_tokenfamily family JOIN accounts_user person ON person.id = family.user_id
    WHERE family.id = ANY(%s::uuid[]) AND person.is_active
"""


@dataclass(frozen=True, slots=True)
class TokenPair:
    user: User
    access: str
    refresh: str


def issue_tokens(user: User) -> TokenPair:
    """The first tokens of a new family."""
    now = timezone.now()
    family = _new_family(user, now, settings.REFRESH_TOKEN_LIFETIME)
    family.save()
    return _pair(family, user, now)


def issue_access_tokens(users: Sequence[User], *, lifetime: timedelta) -> list[str]:
    """An access token alone for each of many people, for tools that measure and prove."""
    now = timezone.now()
    families = [_new_family(user, now, lifetime) for user in users]
    TokenFamily.objects.bulk_create(families, batch_size=1_000)
    return [_access(family, now, family.expires_at) for family in families]


def rotate_tokens(refresh: str, *, now: datetime) -> TokenPair:
    """Trade a refresh token for a new pair.

    Used again within `REPEAT_SECONDS`, and before its successor is used, it brings the same
    successor once more: the first answer was lost. A thief gains nothing by that, as the next trade
    of either of the two ends the family.

    Args:
        now: aware UTC instant, read once at the edge.

    Raises:
        TokenRefused: forged, expired, ended, or older than the person's password; or used before,
            and then its family is over.

    Side effects:
        Opens the transaction. Locks the family's row. Publishes RefreshTokenReused.
    """
    claims = read_token(refresh.encode(), REFRESH)
    if claims is None:
        raise TokenRefused
    with unit_of_work():
        family = _lock_family(claims)
        if family is None or family.expires_at <= now:
            raise TokenRefused
        is_good = _trade(family, UUID(claims["jti"]), now)
        if not is_good:
            family.delete()
            publish(RefreshTokenReused(user_id=family.user_id, at=now))
    if not is_good:
        raise TokenRefused
    return _pair(family, family.user, now)


def revoke_token(refresh: str) -> None:
    """End the family of a refresh token, spent or not; one that is over is left as it is."""
    if claims := read_token(refresh.encode(), REFRESH):
        TokenFamily.objects.filter(pk=claims["sid"]).delete()


def revoke_all_tokens(user: User) -> None:
    """End every token of the person."""
    TokenFamily.objects.filter(user=user).delete()


def forget_ended_families(*, now: datetime) -> None:
    """Delete the families whose last token has expired."""
    TokenFamily.objects.filter(expires_at__lte=now).delete()


def find_token_owner(token: bytes) -> User | None:
    """Whose access token this is, by the rules of `read_token` and `list_valid_callers`."""
    claims = read_token(token, ACCESS)
    if claims is None:
        return None
    found = TokenFamily.objects.select_related("user").filter(pk=claims["sid"]).first()
    if found is None or str(found.user_id) != claims["sub"] or not found.user.is_active:
        return None
    return found.user if found.password_mark == mark_of(found.user.password) else None


def list_valid_callers(tokens: Sequence[Claims]) -> list[bool]:
    """For each access token's claims, whether its family lives and its owner is active, and has the
    password that they had when it was issued: one query."""
    with connection.cursor() as cursor:
        cursor.execute(OWNERS, [[claims["sid"] for claims in tokens]])
        owners = {
            family: owner for family, owner, mark, password in cursor if mark == mark_of(password)
        }
    return [owners.get(claims["sid"]) == claims["sub"] for claims in tokens]


def mark_of(password: str) -> str:
    """Stands for a password's hash: a new password has another one, and ends older tokens."""
    return hashlib.sha256(password.encode()).hexdigest()


def _new_family(user: User, now: datetime, lifetime: timedelta) -> TokenFamily:
    return TokenFamily(
        user=user,
        password_mark=mark_of(user.password),
        began_at=now,
        refresh_id=uuid4(),
        rotated_at=now,
        expires_at=now + lifetime,
    )


def _lock_family(claims: Claims) -> TokenFamily | None:
    """The family with its person, both as they are now; None when it has ended."""
    families = TokenFamily.objects.select_for_update(of=("self",)).select_related("user")
    family = families.filter(pk=claims["sid"], user=claims["sub"]).first()
    if family is None or not family.user.is_active:
        return None
    return family if family.password_mark == mark_of(family.user.password) else None


def _trade(family: TokenFamily, used: UUID, now: datetime) -> bool:
    """Whether the token may be traded; when it is for the first time, the family moves on."""
    if used == family.refresh_id:
        family.previous_id, family.refresh_id = family.refresh_id, uuid4()
        family.rotated_at = now
        latest = family.began_at + max(LONGEST_LIFE, settings.REFRESH_TOKEN_LIFETIME)
        family.expires_at = min(now + settings.REFRESH_TOKEN_LIFETIME, latest)
        family.save()
        return True
    age = now - family.rotated_at
    return used == family.previous_id and age <= timedelta(seconds=REPEAT_SECONDS)


def _pair(family: TokenFamily, user: User, now: datetime) -> TokenPair:
    refresh = sign(
        REFRESH,
        owner=family.user_id,
        family=family.pk,
        name=family.refresh_id,
        issued_at=family.rotated_at,
        expires_at=family.expires_at,
    )
    access = _access(family, now, now + settings.ACCESS_TOKEN_LIFETIME)
    return TokenPair(user=user, access=access, refresh=refresh)


def _access(family: TokenFamily, now: datetime, expires_at: datetime) -> str:
    return sign(
        ACCESS,
        owner=family.user_id,
        family=family.pk,
        name=uuid4(),
        issued_at=now,
        expires_at=expires_at,
    )
