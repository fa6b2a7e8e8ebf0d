"""The lane's ASGI layer."""

import asyncio
from contextvars import copy_context
from uuid import UUID

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    Scope,
)
from django.utils import translation
from rest_framework.exceptions import APIException, AuthenticationFailed, NotAuthenticated

from bookings.lane.answers import send_outcome
from bookings.lane.desk import Desk
from bookings.lane.queues import Queues, Ticket
from bookings.lane.reading import Head, read_head, read_wish
from bookings.services import BookingRequest, Outcome
from evently.accounts.token_format import Claims
from evently.api.bearer import find_bearer_token
from evently.errors import Busy
from evently.gateway.callers import claims_of, header_of


class ExpressLane:
    """Answers plain bookings of programs, and hands everything else on."""

    def __init__(self, inner: ASGI3Application) -> None:
        self.inner = inner
        self.desk = Desk()
        self.queues = Queues(judge_many=self.desk.judge_many, judge_one=self.desk.judge_one)

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        head = read_head(scope) if scope["type"] == "http" else None
        if head is None:
            await self.inner(scope, receive, send)
            if scope["type"] == "lifespan":
                await asyncio.to_thread(self.desk.close)
            return
        # The whole body: the layer in front has collected it (`evently.gateway.bodies`).
        message = await receive()
        if message["type"] != "http.request":
            return
        if claims := claims_of(scope):
            outcome = await self._book(head, claims, message["body"])
        else:
            with translation.override(head.language):
                outcome = _unknown_caller(header_of(scope, b"authorization"))
        if outcome is None:
            await self.inner(scope, _again(message, receive), send)
        else:
            await send_outcome(send, outcome, head)

    async def _book(self, head: Head, claims: Claims, body: bytes) -> Outcome | None:
        """What became of the wish; None when Django's door is to answer."""
        wish = read_wish(body)
        if wish is None:
            return None
        event_id, quantity = wish
        request = BookingRequest(
            user_id=UUID(claims["sub"]),
            quantity=quantity,
            idempotency_key=head.idempotency_key,
            language=head.language,
            context=copy_context(),
        )
        try:
            return await self.queues.answer(
                Ticket(event_id=event_id, request=request, claims=claims)
            )
        except Busy as busy:
            return busy


def _unknown_caller(authorization: bytes) -> APIException:
    """Why nobody is known by this header, as Django's door says it.

    Answered here, as a flood of forged tokens would keep the few threads of Django from others.
    """
    shown = find_bearer_token(authorization)
    return NotAuthenticated() if shown is None else AuthenticationFailed()


def _again(message: ASGIReceiveEvent, receive: ASGIReceiveCallable) -> ASGIReceiveCallable:
    """A `receive` that gives once more what was taken already."""
    taken = [message]

    async def repeat() -> ASGIReceiveEvent:
        return taken.pop() if taken else await receive()

    return repeat
