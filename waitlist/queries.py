"""Reading who waits, and what is offered to whom."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.db.models import Avg, F, Q, Sum
from django.db.models import Count as CountRows

from evently.accounts.models import User
from events.people import list_pairs
from waitlist.counting import TOP, count_ahead
from waitlist.errors import EntryNotFound, OfferNotFound
from waitlist.models import Count, Entry, EntryQuerySet, Offer, Waitlist

# A full stop between the id and its signature: addresses carry it as it is.
_signer = Signer(salt="waitlist.offer", sep=".")


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands in line: the first has position 1, with nobody ahead."""

    position: int
    people_ahead: int
    seats_ahead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitlistSummary:
    """A waitlist in figures.

    Args:
        waiting: people in line, who want `waiting_seats`.
        offered: offers that stand now.
        accepted, declined, expired, withdrawn: offers that ended so.
        promotion_rate: of those who wait no more, the part that booked; None before there are any.
        mean_wait: from joining to being offered seats; None before there were offers.
    """

    waiting: int
    waiting_seats: int
    offered: int
    accepted: int
    declined: int
    expired: int
    withdrawn: int
    promotion_rate: float | None
    mean_wait: timedelta | None


def find_entry(*, event_id: UUID, user: User) -> Entry | None:
    """The person's live entry for this event: waiting, or offered seats."""
    return Entry.objects.live().filter(event=event_id, user=user).first()


def get_entry(*, entry_id: UUID) -> Entry:
    """An entry with its event, whatever has become of it, for whoever may see it.

    Raises:
        EntryNotFound: no such entry.
    """
    entry = Entry.objects.select_related("event").filter(pk=entry_id).first()
    if entry is None:
        raise EntryNotFound
    return entry


def list_entries(*, user: User) -> EntryQuerySet:
    """The person's own entries with their events, newest first."""
    entries = Entry.objects.select_related("event__organiser").filter(user=user)
    return entries.order_by("-joined_at", "-id")


def list_waiting(claims: Collection[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Those of the pairs of event and person that have a live entry."""
    found = list_pairs(
        "waitlist_entry",
        event_ids=[event_id for event_id, _ in claims],
        user_ids=[user_id for _, user_id in claims],
        statuses=Entry.LIVE,
    )
    return found.intersection(claims)


def has_waited_for(*, organiser_id: UUID, user_id: UUID) -> bool:
    """Whether the person ever stood in line for an event of this organiser."""
    return Entry.objects.filter(user=user_id, event__organiser=organiser_id).exists()


def list_line(*, event_id: UUID) -> EntryQuerySet:
    """Who stands in line for the event, with their accounts, in true order."""
    return Entry.objects.waiting().filter(event=event_id).select_related("user").in_order()


def place_of(entry: Entry) -> Place:
    """Where the entry stands in line: one query, whose cost grows with the line's logarithm.

    For an entry that has been offered seats: where it would stand.
    """
    return places_of([entry])[entry.pk]


def places_of(entries: Sequence[Entry]) -> dict[UUID, Place]:
    """Where each of the entries stands, by their ids: one query for all."""
    ahead = count_ahead(entries) if entries else {}
    return {
        entry_id: Place(position=people + 1, people_ahead=people, seats_ahead=seats)
        for entry_id, (people, seats) in ahead.items()
    }


def find_rules(*, event_id: UUID) -> Waitlist:
    """The rules of the event's line; the usual ones, not saved, before anybody has joined."""
    return Waitlist.objects.filter(pk=event_id).first() or Waitlist(event_id=event_id)


def find_open_offer(entry: Entry) -> Offer | None:
    """The offer that holds seats for the entry."""
    return Offer.objects.open().filter(entry=entry).first()


def get_offer(*, offer_id: UUID, user: User) -> Offer:
    """One of the person's own offers with its event, whatever has become of it.

    Raises:
        OfferNotFound: no such offer, or somebody else's.
    """
    offers = Offer.objects.select_related("event__organiser", "entry", "booking")
    offer = offers.filter(pk=offer_id, user=user).first()
    if offer is None:
        raise OfferNotFound
    return offer


def offer_token(offer: Offer) -> str:
    """What stands in the link to an offer. Of use to its own person alone, and once."""
    return _signer.sign(offer.pk.hex)


def offer_id_of(token: str) -> UUID:
    """The offer that a link is for.

    Raises:
        OfferNotFound: we did not sign this.
    """
    try:
        return UUID(_signer.unsign(token))
    except BadSignature as error:
        raise OfferNotFound from error


def waitlist_summary(*, event_id: UUID) -> WaitlistSummary:
    """The event's waitlist in figures: three queries."""
    tops = Count.objects.filter(event=event_id, level=TOP)
    waiting = tops.aggregate(
        waiting=Sum("people", default=0), waiting_seats=Sum("seats", default=0)
    )
    offers = Offer.objects.filter(event=event_id).aggregate(
        offered=_how_many(Offer.Status.OPEN),
        accepted=_how_many(Offer.Status.ACCEPTED),
        declined=_how_many(Offer.Status.DECLINED),
        expired=_how_many(Offer.Status.LAPSED),
        withdrawn=_how_many(Offer.Status.WITHDRAWN),
        mean_wait=Avg(F("made_at") - F("entry__joined_at")),
    )
    ended = Entry.objects.filter(event=event_id, ended_at__isnull=False).aggregate(
        all=CountRows("pk"), booked=CountRows("pk", filter=Q(status=Entry.Status.BOOKED))
    )
    rate = ended["booked"] / ended["all"] if ended["all"] else None
    return WaitlistSummary(**waiting, **offers, promotion_rate=rate)


def count_waiting() -> int:
    """People who stand in line now, for all events."""
    total: int = Count.objects.filter(level=TOP).aggregate(sum=Sum("people", default=0))["sum"]
    return total


def count_claimed_seats(event_ids: Iterable[UUID]) -> dict[UUID, dict[str, int]]:
    """The waitlist's part of the inventory equation, for `events.inventory.register_claims`:
    seats of open offers, and seats kept back for those who wait."""
    ids = list(event_ids)
    offered = (
        Offer.objects.open()
        .filter(event__in=ids)
        .order_by()
        .values_list("event_id")
        .annotate(seats=Sum("seats"))
    )
    kept = Waitlist.objects.filter(pk__in=ids, kept_seats__gt=0)
    claims: dict[UUID, dict[str, int]] = {event_id: {"offered": n} for event_id, n in offered}
    for event_id, seats in kept.values_list("pk", "kept_seats"):
        claims.setdefault(event_id, {})["held"] = seats
    return claims


def _how_many(status: Offer.Status) -> CountRows:
    return CountRows("pk", filter=Q(status=status))
