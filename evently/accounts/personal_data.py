"""What Evently knows about a person: handing it out, and erasing it.

Accounts do not import the apps above them. An app that stores something about people registers
it in its `apps.py`; this module calls what was registered.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from django.contrib.sessions.models import Session
from django.core.serializers.json import DjangoJSONEncoder

from evently.accounts.models import User
from evently.accounts.tokens import revoke_all_tokens
from evently.transactions import unit_of_work

Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """What an app keeps about people.

    Args:
        name: the part's name in the file that a person downloads.
        collect: the rows about a person, as JSON can hold them.
        foretell: in sentences, what erasing will do.
        release: gives up what the person holds, before the name goes; runs again after an
            interruption, then with less to do. Opens its own transactions.
        check: raises a Refusal when the person must do something first.
    """

    name: str
    collect: Callable[[User], Rows]
    foretell: Callable[[User, datetime], Iterable[str]]
    release: Callable[[User, datetime], None]
    check: Callable[[User], None] = lambda _: None


_parts: dict[str, PersonalData] = {}


def register_personal_data(part: PersonalData) -> None:
    """Let an app's part be handed out and erased with the rest; registering twice is once."""
    _parts[part.name] = part


def nameless_address(user: User) -> str:
    """What stands where a person's address stood; `invalid` is nobody's domain (RFC 2606)."""
    return f"erased-{user.pk}@erased.invalid"


def stream_personal_data(user: User) -> Iterator[str]:
    """Everything about a person as one JSON object, in pieces: the account, then apps' rows."""
    yield '{"account": ' + _json(_account(user))
    for name, part in _parts.items():
        yield f', "{name}": ['
        separator = ""
        for row in part.collect(user):
            yield separator + _json(row)
            separator = ", "
        yield "]"
    yield "}\n"


def foretell_erasure(user: User, *, now: datetime) -> list[str]:
    """What erasing the account will do, in sentences.

    Raises:
        Refusal: an app's `check`.
    """
    for part in _parts.values():
        part.check(user)
    return [sentence for part in _parts.values() for sentence in part.foretell(user, now)]


def erase_account(*, user: User, now: datetime) -> None:
    """Give up everything that the person holds, then forget who it was.

    The row stays, without a name, so that past bookings still add up. Interrupted, it is simply
    called again: every step finds what is left to do.

    Args:
        now: aware UTC instant, read once at the edge.

    Raises:
        Refusal: an app's `check`; nothing has changed then.

    Side effects:
        Opens transactions, one after the other. Cancels bookings. Ends all log-ins and tokens.
    """
    for part in _parts.values():
        part.check(user)
    _release(user, now)
    _end_sessions(user)
    with unit_of_work():
        _forget(user)
    # What was booked in another window meanwhile; from here on nobody can log in any more.
    _release(user, now)


def _release(user: User, now: datetime) -> None:
    for part in _parts.values():
        part.release(user, now)


def _forget(user: User) -> None:
    revoke_all_tokens(user)
    user.email = nameless_address(user)
    user.email_verified_at = None
    user.name = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.last_login = None
    user.set_unusable_password()
    user.save()


def _end_sessions(user: User) -> None:
    """Sessions name their person only inside: all are looked through, which erasing may take."""
    own = str(user.pk)
    for session in Session.objects.iterator():
        if session.get_decoded().get(SESSION_KEY) == own:
            SessionStore(session.session_key).delete()


def _account(user: User) -> dict[str, Any]:
    return {
        "id": user.pk,
        "email": user.email,
        "email_verified_at": user.email_verified_at,
        "name": user.name,
        "language": user.language,
        "joined_at": user.date_joined,
        "last_login_at": user.last_login,
    }


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
