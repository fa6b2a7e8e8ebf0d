"""L1, the edge cache: whole public answers, kept in each server process.

A view says that its answer is the same for everybody (`evently.site.public`); only such views are
asked here, and not with the visitor's own request: with one that carries nothing of them. So what
is personal cannot get in. Whoever has a session, a token or a message waiting goes past.

What changes is told by tag through Redis. Where an answer says where it shows that (`slots`), the
new state is written there. Otherwise the answer is purged: it is given away for a moment longer,
while its successor is made. All in all a change is seen everywhere within a second.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from importlib import import_module
from itertools import takewhile
from typing import Any

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPScope,
    Scope,
)
from django.conf import settings

from evently.caching import BYTES, PURGES, REQUESTS
from evently.gateway.edge import questions
from evently.gateway.edge.entries import SAID_TO_THE_EDGE, Answer, Entry
from evently.gateway.edge.questions import Headers, Question, canonical, question_of
from evently.gateway.edge.shelf import Shelves
from evently.gateway.refusals import refuse
from evently.gateway.tiers import DUE, shared_tier
from evently.purging import CHANNEL, EVERYTHING, NEWS_CHANNEL, News, unpack, unpack_news
from evently.wire import Wire, the_wire

logger = logging.getLogger(__name__)

READING = frozenset({"GET", "HEAD"})
# While purges cannot be heard, an answer is kept for so long.
UNHEARD_SECONDS = 1.0
# A purged answer is given away for so long. With the tenth of a second for which news is gathered
# (`events.live`) this stays under the second that is promised.
GRACE_SECONDS = 0.8
# Its successor is begun after so long, so that an event that sells all the time does not have its
# pages made all the time; the rest of the grace is for making it.
REFILL_AFTER_SECONDS = 0.4
# The successor of one that lapses is begun in good time, so that nobody waits for it.
REFILL_AHEAD_SECONDS = 0.4
# For longer than any answer takes: no database statement may.
MESSAGES_REMEMBERED = 2_000

HIT, STALE, MISS, PASS = (
    REQUESTS.labels("l1", outcome) for outcome in ("hit", "stale", "miss", "pass")
)
PURGE = PURGES.labels("l1")


# What changed, by tag, and to what; None where it is only known that it did.
Told = Mapping[str, News | None]


@dataclass(frozen=True, slots=True)
class Fill:
    """What asking inside came to.

    Args:
        entry: None when the answer may not be kept for others.
    """

    answer: Answer
    entry: Entry | None


class EdgeCache:
    """Answers what it can, and hands everything else on. One for each event loop."""

    def __init__(self, inner: ASGI3Application) -> None:
        self.inner = inner
        self._shelf = Shelves(settings.EDGE_CACHE_MB * 2**20)
        self._fills: dict[Question, asyncio.Task[Fill]] = {}
        self._heard: deque[tuple[float, Told]] = deque(maxlen=MESSAGES_REMEMBERED)
        self._wire: Wire | None = None
        self._listening: asyncio.Task[Any] | None = None
        # Who is public is asked of the views: they are imported now, not when the first visitor
        # waits for it.
        import_module(settings.ROOT_URLCONF)

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] != "http" or scope["method"] not in READING:
            await self.inner(scope, receive, send)
            return
        headers = dict(scope["headers"])
        question = question_of(scope, headers)
        entry = self._find(question, scope) if question else None
        if entry:
            await _send_entry(entry, scope, headers, send)
        elif question and questions.public_parameters(scope["path"]) is not None:
            MISS.inc()
            await self._answer(question, scope, receive, send, headers)
        else:
            PASS.inc()
            await self.inner(scope, receive, _unmarked(send))

    def _find(self, question: Question, scope: HTTPScope) -> Entry | None:
        """What may be given away now; if it is out of date its successor is on its way."""
        entry, now = self._shelf.get(question), time.monotonic()
        if entry is None or now >= entry.lapses_at:
            return None
        if not self._hears_purges() and now >= entry.born + UNHEARD_SECONDS:
            return None
        entry.catch_up(question.language, now=now)
        if entry.purged_at is None:
            HIT.inc()
            if now >= entry.lapses_at - REFILL_AHEAD_SECONDS:
                self._refill(question, scope)
            return entry
        outdated_for = now - entry.purged_at
        if outdated_for >= GRACE_SECONDS:
            return None
        STALE.inc()
        if outdated_for >= REFILL_AFTER_SECONDS:
            self._refill(question, scope)
        return entry

    async def _answer(
        self,
        question: Question,
        scope: HTTPScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
        headers: Headers,
    ) -> None:
        """Ask inside, together with everybody who asks the same now."""
        leads = question not in self._fills
        scope = _for_many(scope, question)
        fill = await asyncio.shield(self._fill(question, scope))
        if fill.entry and fill.entry.is_stale(time.monotonic() - GRACE_SECONDS):
            # It took so long to make that it may not be given away any more.
            fill = await asyncio.shield(self._fill(question, scope))
        if fill.entry:
            await _send_entry(fill.entry, scope, headers, send)
        elif leads and not fill.answer.sets_cookies:
            await _send_answer(fill.answer, scope, send)
        elif fill.answer.status == 503:
            # To ask once more would be to wait once more.
            await refuse(scope, receive, send, 503, "not-made")
        else:
            # A refusal, or something of one's own after all: everybody asks for themselves.
            await self.inner(scope, receive, _unmarked(send))

    def _refill(self, question: Question, scope: Any) -> None:
        """Make the successor of a kept answer. There is one at a time, which uses nobody's budget:
        when strangers have used up theirs, what is kept goes on to be kept."""
        free: Any = {name: scope[name] for name in scope if name != DUE}
        self._fill(question, free)

    def _fill(self, question: Question, scope: HTTPScope) -> asyncio.Task[Fill]:
        """The one task that asks this; it goes on when whoever began it goes away."""
        self._begin_to_hear()
        if question not in self._fills:
            task = asyncio.create_task(self._make(question, canonical(scope, question)))
            task.add_done_callback(_log_failure)
            self._fills[question] = task
        return self._fills[question]

    async def _make(self, question: Question, scope: HTTPScope) -> Fill:
        began = time.monotonic()
        try:
            answer = await _ask(self.inner, scope)
        finally:
            del self._fills[question]
        if not answer.seconds:
            self._shelf.drop(question)
            return Fill(answer, None)
        entry = Entry(answer, born=began)
        for at, told in self._heard_since(began):
            for tag in told.keys() & entry.tags:
                entry.hear(tag, told[tag], at=at)
        entry.catch_up(question.language, now=time.monotonic())
        self._shelf.put(question, entry)
        BYTES.set(self._shelf.currsize)
        return Fill(answer, entry)

    def _heard_since(self, began: float) -> list[tuple[float, Told]]:
        """Oldest first."""
        lately = takewhile(lambda heard: heard[0] >= began, reversed(self._heard))
        return list(lately)[::-1]

    def _begin_to_hear(self) -> None:
        if self._wire is None:
            self._wire = the_wire()
            self._wire.on_return(self._empty)
            self._listening = asyncio.create_task(self._listen(self._wire))
            # What was kept before may have missed a purge.
            self._listening.add_done_callback(lambda _: self._empty())

    def _hears_purges(self) -> bool:
        return bool(self._wire and self._wire.is_up and self._listening and self._listening.done())

    async def _listen(self, wire: Wire) -> None:
        await wire.listen(CHANNEL, lambda payload: self._hear(dict.fromkeys(unpack(payload))))
        await wire.listen(NEWS_CHANNEL, lambda payload: self._hear(unpack_news(payload)))

    def _hear(self, told: Told) -> None:
        """Note what is out of date now."""
        now = time.monotonic()
        PURGE.inc()
        self._heard.append((now, told))
        if EVERYTHING in told:
            self._empty()
        for tag, news in told.items():
            for entry in self._shelf.tagged(tag):
                entry.hear(tag, news, at=now)

    def _empty(self) -> None:
        """Keep nothing of what was kept, or is being made."""
        self._heard.append((time.monotonic(), {EVERYTHING: None}))
        self._shelf = Shelves(settings.EDGE_CACHE_MB * 2**20)
        BYTES.set(0)


async def _ask(inner: ASGI3Application, scope: HTTPScope) -> Answer:
    """The whole answer to a request without body."""
    status, headers, body = 0, [], bytearray()

    is_asked = False

    async def receive() -> Any:
        nonlocal is_asked
        if is_asked:
            await asyncio.Future()  # who asks on behalf of everybody does not hang up
        is_asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            body.extend(message.get("body", b""))

    await inner(scope, receive, send)
    return Answer(status, headers, bytes(body))


def _for_many(scope: Any, question: Question) -> Any:
    """What is asked and kept for everybody is asked still when strangers have used up the budget
    for what each of them asks by themselves."""
    due = scope.get(DUE)
    if not due or not question.is_usual:
        return scope
    return {**scope, DUE: due._replace(tiers=(shared_tier("kept"),))}


def _send_entry(
    entry: Entry, scope: HTTPScope, headers: Headers, send: ASGISendCallable
) -> Awaitable[None]:
    now = time.monotonic()
    return entry.send_to(send, method=scope["method"], headers=headers, now=now)


async def _send_answer(answer: Answer, scope: HTTPScope, send: ASGISendCallable) -> None:
    """To the one who asked for it."""
    start = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
    await _unmarked(send)(start)  # type: ignore[arg-type]
    body = b"" if scope["method"] == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _unmarked(send: ASGISendCallable) -> ASGISendCallable:
    """What is said to the edge goes no further."""

    async def send_on(message: Any) -> None:
        if message["type"] == "http.response.start":
            told = [pair for pair in message["headers"] if pair[0] not in SAID_TO_THE_EDGE]
            message = message | {"headers": told}
        await send(message)

    return send_on


def _log_failure(task: asyncio.Task[Fill]) -> None:
    """Nobody may be waiting for it."""
    if not task.cancelled() and (error := task.exception()):
        logger.error("An answer to keep could not be made", exc_info=error)
