"""The websocket of a person: their notices, their places in lines, and what is offered to them."""

import asyncio
import json
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.cached_db import SessionStore
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.http.cookie import parse_cookie

from evently.accounts.models import User
from evently.accounts.tokens import find_token_owner
from evently.api.bearer import find_bearer_token
from evently.deadlines import in_time
from evently.gateway.callers import header_of
from notifications.live.people import Visitor, the_people

NOT_LOGGED_IN = 4401
TRY_AGAIN_LATER = 1013
COME_AGAIN = 1012
AUTH_PATIENCE_SECONDS = 10.0
LONGEST_AUTH = 4_096
# Redis, the visitor's line or the database is gone.
OUT = (OSError, OperationalError, InterfaceError)


class MeConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Sends what concerns one person: `unread`, `notice`, `position` and `offer`.

    Who it is says the header `Authorization: Bearer …` of the handshake with an access token, else
    the session's cookie, else a first message `{"type": "auth", "token": ...}`. Without a valid one
    the socket is closed with code 4401. A log-in may end meanwhile: after the lifetime of an access
    token everybody is asked again, by closing with code 1012.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one socket, without the framework's own loop: see `events.consumers`."""
        self.base_send = send
        self.visitor: Visitor | None = None
        try:
            await receive()
            await self.accept()
            user_id = await _of_caller(scope, receive)
            if user_id is None:
                await self.close(NOT_LOGGED_IN)
                return
            self.visitor = Visitor(the_people(), user_id, send)
            await self.visitor.join()
            await self._until_it_ends(receive)
        except OUT:
            self.leave()
            with suppress(OSError):
                await self.close(TRY_AGAIN_LATER)
        finally:
            self.leave()

    async def _until_it_ends(self, receive: Any) -> None:
        lifetime: timedelta = settings.ACCESS_TOKEN_LIFETIME
        try:
            async with asyncio.timeout(lifetime.total_seconds()):
                while (await receive())["type"] != "websocket.disconnect":
                    pass  # what a visitor says later is ignored
        except TimeoutError:
            self.leave()
            await self.close(COME_AGAIN)

    def leave(self) -> None:
        """Want nothing more; to leave twice is the same as once."""
        if self.visitor:
            self.visitor.leave()


async def _of_caller(scope: Any, receive: Any) -> UUID | None:
    """Who opens the socket. A bearer token decides alone, as in the API: `NoForeignPages` lets it
    pass from any page, which no cookie may do."""
    token = find_bearer_token(header_of(scope, b"authorization"))
    if token is not None:
        return await in_time(_owner_of)(token)
    return await _of_session(scope) or await _of_message(receive)


async def _of_session(scope: Any) -> UUID | None:
    """Whose page it is, by the rules of the pages themselves."""
    cookies = parse_cookie(header_of(scope, b"cookie").decode("latin1"))
    key = cookies.get(settings.SESSION_COOKIE_NAME)
    return await in_time(_owner_of_session)(key) if key else None


def _owner_of_session(key: str) -> UUID | None:
    request = HttpRequest()
    request.session = SessionStore(key)
    user = get_user(request)
    return user.pk if isinstance(user, User) and user.is_active else None


async def _of_message(receive: Any) -> UUID | None:
    """Whose access token the first message holds; None without a good one in good time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(AUTH_PATIENCE_SECONDS):
            message = await receive()
        token = _token_in(message.get("text") or "")
        if token:
            return await in_time(_owner_of)(token.encode())
    return None


def _token_in(text: str) -> str | None:
    if len(text) > LONGEST_AUTH:
        return None
    try:
        said = json.loads(text)
    except ValueError:
        return None
    is_auth = isinstance(said, dict) and said.get("type") == "auth"
    token = said.get("token") if is_auth else None
    return token if isinstance(token, str) else None


def _owner_of(token: bytes) -> UUID | None:
    user = find_token_owner(token)
    return user.pk if user else None
