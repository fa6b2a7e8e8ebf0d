"""What concerns people now, for many of them at once."""

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from notifications.live.messages import (
    Message,
    notice_message,
    offer_message,
    position_message,
    unread_message,
)
from notifications.models import Notice
from notifications.queries import count_unread
from waitlist.models import Entry, Offer
from waitlist.queries import places_of

# Older notices are no news: the bell counts them, and their page lists them.
NEWS_IS_FRESH = timedelta(minutes=2)
MOST_NOTICES = 1_000

# A kind of message and what it is about: of each, the newest message counts.
Key = tuple[str, UUID | None]
Messages = dict[Key, Message]


def read_people(user_ids: Collection[UUID]) -> dict[UUID, Messages]:
    """All that the websockets of these people are to say now: five queries, however many they are.

    Among them stand the notices of the last minutes that they have not read.
    """
    found: dict[UUID, Messages] = defaultdict(dict)
    unread = count_unread(user_ids)
    for user_id in user_ids:
        found[user_id]["unread", None] = unread_message(unread.get(user_id, 0))
    for notice in _fresh_notices(user_ids):
        found[notice.user_id]["notice", notice.pk] = notice_message(notice)
    for offer in Offer.objects.open().filter(user__in=user_ids).select_related("event"):
        found[offer.user_id]["offer", offer.pk] = offer_message(offer)
    for user_id, messages in _places(list(Entry.objects.waiting().filter(user__in=user_ids))):
        found[user_id] |= messages
    return dict(found)


def read_places(entry_ids: Collection[UUID]) -> list[tuple[UUID, Messages]]:
    """Where those of the entries stand that still wait, with whose they are: two queries."""
    return _places(list(Entry.objects.waiting().filter(pk__in=entry_ids)))


def _places(entries: list[Entry]) -> list[tuple[UUID, Messages]]:
    places = places_of(entries)
    return [
        (entry.user_id, {("position", entry.pk): position_message(entry, places[entry.pk])})
        for entry in entries
    ]


def _fresh_notices(user_ids: Collection[UUID]) -> list[Notice]:
    """The newest last. Anybody's notices of two minutes are few."""
    notices = Notice.objects.filter(
        user__in=user_ids, read_at=None, created_at__gt=timezone.now() - NEWS_IS_FRESH
    )
    newest = notices.select_related("event").order_by("-id")[:MOST_NOTICES]
    return list(reversed(newest))
