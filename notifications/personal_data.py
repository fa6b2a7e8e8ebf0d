"""What a person was told, and wants to be told: handing it out, and forgetting it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from evently.accounts.models import User
from evently.accounts.personal_data import PersonalData
from notifications.models import Notice, Preference, Suppression
from notifications.queries import list_notices, title_of_notice

ROWS_AT_ONCE = 500


def _collect(user: User) -> Iterator[dict[str, Any]]:
    for notice in list_notices(user=user).iterator(ROWS_AT_ONCE):
        yield {
            "kind": notice.kind,
            "title": title_of_notice(notice),
            "told_at": notice.created_at,
            "read_at": notice.read_at,
        }
    for choice in Preference.objects.filter(user=user).order_by("kind", "channel"):
        yield {"kind": choice.kind, "channel": choice.channel, "wanted": choice.wanted}


def _foretell(user: User, now: datetime) -> Iterable[str]:
    return ()


def _release(user: User, now: datetime) -> None:
    """Also what is still to be mailed: there will be nobody to read it."""
    Notice.objects.filter(user=user).delete()
    Preference.objects.filter(user=user).delete()
    Suppression.objects.filter(email=user.email).delete()


PERSONAL_DATA = PersonalData(name="notices", collect=_collect, foretell=_foretell, release=_release)
