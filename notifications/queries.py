"""Reading notices, what people chose, and how the mails of broadcasts are doing."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from evently.accounts.models import User
from notifications.errors import NoticeNotFound
from notifications.models import Broadcast, Channel, Delivery, Notice, Preference
from notifications.wording import MAILED, title_of


def list_notices(*, user: User) -> QuerySet[Notice]:
    """The person's notices with their events, newest first."""
    return Notice.objects.filter(user=user).select_related("event").order_by("-id")


def get_notice(*, notice_id: UUID, user: User) -> Notice:
    """One of the person's own notices with its event.

    Raises:
        NoticeNotFound: no such notice, or somebody else's.
    """
    notice = list_notices(user=user).filter(pk=notice_id).first()
    if notice is None:
        raise NoticeNotFound
    return notice


def count_unread(user_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many notices each of the people has not read; who has none is left out."""
    unread = Notice.objects.filter(user__in=user_ids, read_at=None).order_by()
    return dict(unread.values_list("user").annotate(number=Count("pk")))


def title_of_notice(notice: Notice) -> str:
    """What the notice is called, in the reader's language; its event is at hand."""
    event = notice.event.name if notice.event else ""
    return title_of(notice.kind, event=event, subject=notice.data.get("subject", ""))


def preferences_of(user: User) -> dict[str, dict[str, bool]]:
    """For each kind that is mailed and each channel, whether the person wants it."""
    found = {kind.value: {channel.value: True for channel in Channel} for kind in MAILED}
    rows = Preference.objects.filter(user=user, kind__in=found, channel__in=Channel.values)
    for preference in rows:
        found[preference.kind][preference.channel] = preference.wanted
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySummary:
    """Deliveries by status and by kind of notice, and people who get no mail any more.

    Args:
        by_status: every status, with 0 too.
        by_kind: the same for each kind that is mailed.
    """

    by_status: dict[str, int]
    by_kind: dict[str, dict[str, int]]


def delivery_summary(deliveries: QuerySet[Delivery] | None = None) -> DeliverySummary:
    """How deliveries stand: all of them, or those given. One query."""
    rows = Delivery.objects.all() if deliveries is None else deliveries
    counts: Counter[tuple[str, str]] = Counter()
    grouped = rows.order_by().values_list("notice__kind", "status").annotate(n=Count("pk"))
    for kind, status, number in grouped:
        counts[kind, status] = number
    by_kind = {kind.value: _by_status(counts, [kind.value]) for kind in MAILED}
    return DeliverySummary(by_status=_by_status(counts, by_kind), by_kind=by_kind)


def _by_status(counts: Counter[tuple[str, str]], kinds: Iterable[str]) -> dict[str, int]:
    names = list(kinds)
    return {
        status: sum(counts[kind, status] for kind in names) for status in Delivery.Status.values
    }


def deliveries_of(broadcast: Broadcast) -> QuerySet[Delivery]:
    """The mails of a broadcast."""
    return Delivery.objects.filter(notice__kind="broadcast", notice__about=broadcast.pk)


def list_failures(broadcast: Broadcast) -> QuerySet[Delivery]:
    """Mails of a broadcast that did not reach their people, with whose they are."""
    lost = Q(status__in=(Delivery.Status.FAILED, Delivery.Status.SUPPRESSED))
    return deliveries_of(broadcast).filter(lost).select_related("notice__user").order_by("id")
