"""Writes down what became of deliveries.

What happened outside cannot be taken back. So it is written down however long the database is out,
while the claim still keeps others away.
"""

import functools
import logging
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ParamSpec
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet

from evently.errors import Busy
from evently.transactions import unit_of_work
from notifications.delivery.answers import ClaimLost, Receipt
from notifications.delivery.claims import LEASE
from notifications.errors import NothingToSendAgain
from notifications.metrics import count_attempt
from notifications.models import Attempt, Delivery

logger = logging.getLogger(__name__)
Status, Outcome = Delivery.Status, Attempt.Outcome
Args = ParamSpec("Args")

# What an answer may still change; a provider's event may have come before it.
OPEN = (Status.DUE, Status.SENDING, Status.UNCONFIRMED)
# After each round in which nobody took it; after the last it is a dead letter.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (0.5, 2, 10, 60, 360))
JITTER = 0.2
LONGEST_DETAIL = 2_000
OURSELVES = "evently"  # who tried when our own code failed: no provider was asked
DATABASE_PATIENCE_SECONDS = 300.0
DATABASE_PAUSE_SECONDS = 0.5


def persistent(write: Callable[Args, None]) -> Callable[Args, None]:
    """Tried again while the database is out, for a time."""

    @functools.wraps(write)
    def insist(*args: Args.args, **kwargs: Args.kwargs) -> None:
        deadline = time.monotonic() + DATABASE_PATIENCE_SECONDS
        while True:
            try:
                return write(*args, **kwargs)
            except (OperationalError, InterfaceError, Busy):
                if time.monotonic() > deadline:
                    raise
            connection.close()
            time.sleep(DATABASE_PAUSE_SECONDS)

    return insist


@persistent
def note_sent(delivery: Delivery, provider: str, receipt: Receipt, *, now: datetime) -> None:
    with unit_of_work():
        _keep_attempt(delivery, provider, Outcome.ACCEPTED, "", now)
        _settle(
            delivery,
            status=Status.SENT,
            provider=provider,
            provider_message_id=receipt.message_id,
            sent_at=now,
            last_error="",
        )


@persistent
def note_unanswered(delivery: Delivery, provider: str, detail: str, *, now: datetime) -> None:
    """The provider may have it. Whether it has is waited for, when we shall hear of it."""
    with unit_of_work():
        _keep_attempt(delivery, provider, Outcome.UNANSWERED, detail, now)
        if is_heard_later(provider):
            waiting = Delivery.objects.filter(
                pk=delivery.pk, status__in=(Status.DUE, Status.SENDING)
            )
            until = delivery.claimed_until
            waiting.update(status=Status.SENDING, claimed_until=until, last_error=storable(detail))
        else:
            _settle(delivery, status=Status.UNCONFIRMED, sent_at=now, last_error=detail)


@persistent
def note_rejected(delivery: Delivery, provider: str, detail: str, *, now: datetime) -> None:
    with unit_of_work():
        _keep_attempt(delivery, provider, Outcome.REJECTED, detail, now)
        _settle(delivery, status=Status.FAILED, last_error=detail)


@persistent
def take_back(delivery: Delivery, provider: str, detail: str, *, now: datetime) -> None:
    """The provider did not take it: it is ours again, and still claimed.

    Raises:
        ClaimLost: not ours any more.
    """
    with unit_of_work():
        _keep_attempt(delivery, provider, Outcome.REFUSED, detail, now)
        mine = Delivery.objects.filter(pk=delivery.pk, claimed_until=delivery.claimed_until)
        if not mine.update(status=Status.DUE, claimed_until=now + LEASE):
            raise ClaimLost
    delivery.claimed_until = now + LEASE


@persistent
def put_off(delivery: Delivery, detail: str, *, now: datetime) -> None:
    """Nobody took it in this round: try again later, or never."""
    with unit_of_work():
        _settle(delivery, last_error=detail, **_later_or_never(delivery, detail, now))


@persistent
def put_off_broken(delivery: Delivery, detail: str, *, now: datetime) -> None:
    """Our own code failed at it: that counts as a try. Try again later, or never.

    Whatever broke after it was handed over is left to `settle_unanswered`, and what another worker
    has by now to that one.
    """
    with unit_of_work():
        still_ours = Delivery.objects.filter(
            pk=delivery.pk, status=Status.DUE, claimed_until=delivery.claimed_until
        )
        if _change(still_ours, last_error=detail, **_later_or_never(delivery, detail, now)):
            _keep_attempt(delivery, OURSELVES, Outcome.BROKEN, detail, now)


def drop(delivery: Delivery, why: str) -> None:
    """It is not to be brought any more."""
    _settle(delivery, status=Status.SUPPRESSED, last_error=why)


def settle_unanswered(*, now: datetime) -> None:
    """Decide about what was handed over and never answered, by a lost answer or a crash.

    SendGrid's events tell what it has, when its webhook is set up: who was not heard of is sent
    again, until all tries are used up. Nobody tells what an SMTP server has: those count as sent,
    and are listed.
    """
    silent = Delivery.objects.filter(status=Status.SENDING, claimed_until__lte=now)
    heard_of = silent.filter(provider="sendgrid") if is_heard_later("sendgrid") else silent.none()
    with unit_of_work():
        heard_of.filter(attempts__lt=len(PAUSES)).update(
            status=Status.DUE, due_at=now, claimed_until=None, attempts=F("attempts") + 1
        )
        silent.update(
            status=Status.UNCONFIRMED,
            claimed_until=None,
            attempts=F("attempts") + 1,
            sent_at=now,
            last_error="No answer was heard",
        )


def is_heard_later(provider: str) -> bool:
    """Whether somebody will tell what the provider has, after an answer that was lost."""
    return provider == "sendgrid" and bool(settings.SENDGRID_WEBHOOK_VERIFICATION_KEY)


def send_again(*, delivery_id: UUID, now: datetime) -> None:
    """Send by hand what failed, or what nobody confirmed.

    Raises:
        NothingToSendAgain: no such delivery, or it is on its way or arrived.
    """
    with unit_of_work():
        ended = Delivery.objects.filter(
            pk=delivery_id, status__in=(Status.FAILED, Status.UNCONFIRMED)
        )
        if not ended.update(
            status=Status.DUE, due_at=now, claimed_until=None, attempts=0, sent_at=None
        ):
            raise NothingToSendAgain


def _keep_attempt(
    delivery: Delivery, provider: str, outcome: Attempt.Outcome, detail: str, now: datetime
) -> None:
    Attempt.objects.create(
        delivery=delivery,
        number=delivery.attempts + 1,
        at=now,
        provider=provider,
        outcome=outcome,
        detail=storable(detail),
    )
    transaction.on_commit(lambda: count_attempt(provider, outcome))


def _settle(delivery: Delivery, **changes: Any) -> None:
    _change(Delivery.objects.filter(pk=delivery.pk, status__in=OPEN), **changes)


def _change(deliveries: QuerySet[Delivery], *, last_error: str, **changes: Any) -> int:
    return deliveries.update(
        claimed_until=None,
        attempts=F("attempts") + 1,
        last_error=storable(last_error),
        **changes,
    )


def _later_or_never(delivery: Delivery, detail: str, now: datetime) -> dict[str, Any]:
    round_done = delivery.attempts
    if round_done < len(PAUSES):
        jitter = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (no secret)
        return {"status": Status.DUE, "due_at": now + PAUSES[round_done] * jitter}
    logger.error("Delivery %s failed for good: %s", delivery.pk, detail)
    return {"status": Status.FAILED}


def storable(detail: str) -> str:
    """What others said, as PostgreSQL can keep it: no NUL, no half of a surrogate pair."""
    text = detail[:LONGEST_DETAIL].replace("\0", "\\0")
    return text.encode(errors="backslashreplace").decode()
