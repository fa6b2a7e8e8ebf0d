"""One batch of deliveries: claimed, offered to providers one after the other, and noted."""

import logging
import time
from collections.abc import Collection
from contextlib import closing
from datetime import datetime

from django.core.mail import EmailMessage

from evently.accounts.queries import find_owner
from notifications.delivery import outcomes
from notifications.delivery.answers import ClaimLost, NotTaken, Rejected, Unanswered
from notifications.delivery.claims import claim_due, release
from notifications.delivery.message import message_of
from notifications.delivery.routes import Provider, Route, watched
from notifications.models import Delivery, Kind, Notice, Suppression
from notifications.moves import is_news
from notifications.reminders import is_too_late
from notifications.wording import OPTIONAL, UNVERIFIED

logger = logging.getLogger(__name__)


def deliver_batch(*, now: datetime, seconds: float = 60.0) -> int:
    """Bring some of what is due.

    Args:
        now: aware UTC instant, read once at the edge.
        seconds: after so long no further delivery is taken up.

    Returns:
        How many deliveries were taken up: 0 when none is due, or no provider can be asked.

    Side effects:
        Opens transactions, one after the other. Sends mail.
    """
    end = time.monotonic() + seconds
    with closing(Route()) as route:
        if not route.open_providers():
            return 0
        claimed = claim_due(now=now)
        unwanted = _unwanted_addresses([delivery.notice.user.email for delivery in claimed])
        for place, delivery in enumerate(claimed):
            if time.monotonic() > end or not route.open_providers():
                release(claimed[place:])
                return place
            _take_up(delivery, route, unwanted, now)
    return len(claimed)


def _take_up(delivery: Delivery, route: Route, unwanted: dict[str, str], now: datetime) -> None:
    """Settle one delivery, or put it off. Whatever is wrong with it, the others go on."""
    try:
        if why := _reason_to_drop(delivery.notice, unwanted, now):
            outcomes.drop(delivery, why)
        else:
            _bring(delivery, route, now)
    except ClaimLost:
        logger.info("Delivery %s is another worker's by now", delivery.pk)
    except Exception as error:  # A database that is out costs one delivery a try, and no more.
        logger.exception("Delivery %s could not be written or sent", delivery.pk)
        outcomes.put_off_broken(delivery, f"Not written or sent: {error!r}", now=now)


def _bring(delivery: Delivery, route: Route, now: datetime) -> None:
    """Offer it to each provider until one takes it."""
    message = message_of(delivery)
    refusal: str | None = "Nobody can be asked now"
    for provider in route.open_providers():
        refusal = _offer(delivery, message, provider, now)
        if refusal is None:
            return
    outcomes.put_off(delivery, str(refusal), now=now)


def _offer(
    delivery: Delivery, message: EmailMessage, provider: Provider, now: datetime
) -> str | None:
    """Returns why the provider did not take it; None when the matter is settled."""
    name = provider.name
    try:
        with watched(provider):
            receipt = provider.send(delivery, message, now=now)
    except NotTaken as error:
        outcomes.take_back(delivery, name, str(error), now=now)
        return str(error)
    except Rejected as error:
        outcomes.note_rejected(delivery, name, str(error), now=now)
    except Unanswered as error:
        outcomes.note_unanswered(delivery, name, str(error), now=now)
    else:
        outcomes.note_sent(delivery, name, receipt, now=now)
    return None


def _reason_to_drop(notice: Notice, unwanted: dict[str, str], now: datetime) -> str | None:
    """Why the notice is not to be mailed any more."""
    reason = unwanted.get(notice.user.email)
    if not notice.user.is_active:
        return "The account is closed"
    if not notice.user.is_verified and not _may_reach_unverified(notice):
        return "The address is not verified"
    if reason and (notice.kind in OPTIONAL or reason != Suppression.Reason.UNSUBSCRIBED):
        return f"No mail to this address: {reason}"
    if notice.kind == Kind.EVENT_REMINDER and is_too_late(notice, now):
        return "Too late to remind of it"
    if notice.kind == Kind.EVENT_MOVED and not is_news(notice.event, notice.data):
        return "The event is off, or when and where it was before"
    return None


def _may_reach_unverified(notice: Notice) -> bool:
    """Bookings, unless somebody else has shown that the address is theirs."""
    return notice.kind in UNVERIFIED and find_owner(notice.user.email) is None


def _unwanted_addresses(emails: Collection[str]) -> dict[str, str]:
    """Why no mail goes to an address any more, by address."""
    return dict(Suppression.objects.filter(email__in=emails).values_list("email", "reason"))
