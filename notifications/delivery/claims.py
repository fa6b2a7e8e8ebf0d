"""Who may bring a delivery, and the instant at which it leaves our hands.

    due ──claim──▶ due, claimed ──hand over──▶ sending ──answer──▶ sent ──event──▶ delivered
     ▲                  │ not taken                │ no answer in time
     └───────◀──────────┴──▶ failed                └──▶ unconfirmed, or due again

A claim is a lease: `claimed_until` is its end and its mark, for no two claims of a delivery end at
the same instant. Handing over asks for that mark: of two workers who both think that they have a
delivery, one gets through.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import DatabaseError, connection
from django.db.models import Q, QuerySet
from psycopg import Connection
from psycopg.pq import ExecStatus

from evently.transactions import unit_of_work
from notifications.delivery.answers import ClaimLost, NotTaken, Rejected, Unanswered
from notifications.models import Delivery

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

LEASE = timedelta(seconds=60)
DELIVERIES_AT_ONCE = 20
# For how long an answer is waited for. SendGrid's events tell within minutes what it has.
GRACE = {"smtp": timedelta(minutes=5), "sendgrid": timedelta(minutes=10)}

HAND_OVER = """
UPDATE notifications_delivery SET status = 'sending', provider = %s, claimed_until = %s
WHERE id = %s AND status = 'due' AND claimed_until = %s
"""


def has_more_than_a_batch(*, now: datetime) -> bool:
    """Whether so much is free to be claimed that another worker might help."""
    return _free(now)[: DELIVERIES_AT_ONCE + 1].count() > DELIVERIES_AT_ONCE


def claim_due(*, now: datetime) -> list[Delivery]:
    """Some of the deliveries that are due, those that wait longest first, for this worker alone.

    Side effects:
        Opens the transaction. Locks the rows; those that another worker claims are left to it.
    """
    with unit_of_work():
        rows = _free(now).select_for_update(of=("self",), skip_locked=True)
        related = rows.select_related("notice__user", "notice__event")
        claimed = list(related.order_by("due_at")[:DELIVERIES_AT_ONCE])
        for delivery in claimed:
            delivery.claimed_until = now + LEASE
        Delivery.objects.bulk_update(claimed, ["claimed_until"])
    return claimed


def _free(now: datetime) -> QuerySet[Delivery]:
    unclaimed = Q(claimed_until=None) | Q(claimed_until__lte=now)
    return Delivery.objects.filter(unclaimed, status=Delivery.Status.DUE, due_at__lte=now)


def release(deliveries: Iterable[Delivery]) -> None:
    """Give up claims without having tried."""
    for delivery in deliveries:
        mine = Delivery.objects.filter(pk=delivery.pk, claimed_until=delivery.claimed_until)
        mine.update(claimed_until=None)


def hand_over(
    delivery: Delivery, *, provider: str, now: datetime, last_step: Callable[[], Result]
) -> Result:
    """Commit that the provider may have the message, and do what gives it the message.

    The commit and the last step leave back to back; only then the database's answer is heard.
    Who is killed between the two has sent nothing and is believed to have sent: so this must not
    last longer than two system calls.

    Raises:
        ClaimLost: the delivery is not ours any more; the last step was not taken.
        NotTaken, Rejected, Unanswered: the last step's; what else it raises is no answer.
    """
    until = now + GRACE[provider]
    _begin_handing_over(delivery, provider, until)
    delivery.claimed_until = until
    line: Connection = connection.connection
    line.pgconn.send_query(b"COMMIT")
    try:
        return last_step()
    except (NotTaken, Rejected, Unanswered):
        raise
    except Exception as error:
        logger.exception("Delivery %s broke while it was handed over", delivery.pk)
        raise Unanswered(f"It broke while it was handed over: {error!r}") from error
    finally:
        _hear_of_commit(line)


def _begin_handing_over(delivery: Delivery, provider: str, until: datetime) -> None:
    """Leaves the transaction open."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            cursor.execute(HAND_OVER, [provider, until, delivery.pk, delivery.claimed_until])
        except DatabaseError:
            connection.close()  # and with it the transaction
            raise
        if cursor.rowcount != 1:
            cursor.execute("ROLLBACK")
            raise ClaimLost


def _hear_of_commit(line: Connection) -> None:
    """A commit that failed is news for the log only: the provider's answer is written down next,
    whatever the row says now."""
    statuses = set()
    while (result := line.pgconn.get_result()) is not None:
        statuses.add(result.status)
    if statuses != {ExecStatus.COMMAND_OK}:
        logger.warning("The database did not confirm that a mail was handed over")
        connection.close()
