"""People who wait for seats of a sold-out demo event, through the services of every other line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bookings.models import Booking
from bookings.services import cancel_booking
from evently.accounts.models import User
from events.models import Event
from waitlist.models import Entry, Offer, Tier
from waitlist.services import (
    accept_offer,
    decline_offer,
    expire_offers,
    join_waitlist,
    move_entry,
    set_rules,
)

# How many of a hundred wait for one seat, two, three, …, and how many take a part.
GROUP_WEIGHTS = (35, 45, 12, 8)
PART_PERCENT = 40
# What a hundred people do with an offer; the others let it pass.
ACCEPT_PERCENT, DECLINE_PERCENT = 65, 15
SEATS_THAT_CAME_BACK = 5
MOST_ASKED = 3
# Whoever looks at the demo finds an offer that still stands.
OFFER_MINUTES = 2 * 24 * 60
# What happened before now had to happen quickly.
QUICK_OFFER_MINUTES = 10
MOVED_FOR = "Has been coming for ten years"


@dataclass(slots=True, kw_only=True)
class Line:
    """The line of one event, from the time it sold out until now.

    Args:
        people: who wait; none of them has booked.
        by: of the organiser's team, who sets the line's rules.
        rest: the time between any two things that happen.
    """

    event: Event
    people: Sequence[User]
    by: User
    at: datetime
    rest: timedelta
    rng: Random

    def form(self) -> None:
        """People join, single seats come back, and whoever is offered one answers."""
        self._let_offers_stand(QUICK_OFFER_MINUTES)
        for person in self.people:
            self.join(person)
        for _ in range(SEATS_THAT_CAME_BACK):
            # A seat that fits nobody would be on sale again.
            if Entry.objects.waiting().filter(event=self.event, fewest=1).count() > MOST_ASKED:
                self._give_back()
                self._answer()

    def join(self, person: User, seats: int = 0) -> None:
        """The person waits for so many seats or fewer; 0: for a group of any size."""
        sizes = range(1, len(GROUP_WEIGHTS) + 1)
        [drawn] = self.rng.choices(sizes, GROUP_WEIGHTS)
        join_waitlist(
            event_id=self.event.pk,
            user=person,
            quantity=seats or min(drawn, self.event.max_per_booking),
            part_is_fine=bool(seats) or self.rng.random() * 100 < PART_PERCENT,
            now=self._next(),
        )

    def offer_to(self, person: User) -> None:
        """The organiser lets the person go first, and somebody gives a seat back."""
        entry = person.entries.get(event=self.event)
        move_entry(
            entry_id=entry.pk, by=self.by, tier=Tier.GOLD, reason=MOVED_FOR, now=self._next()
        )
        self._let_offers_stand(OFFER_MINUTES)
        self._give_back()

    def _let_offers_stand(self, minutes: int) -> None:
        rules = {"offer_minutes": minutes}
        set_rules(event_id=self.event.pk, by=self.by, changes=rules, now=self._next())

    def _next(self) -> datetime:
        self.at += self.rest
        return self.at

    def _give_back(self) -> None:
        """Somebody who booked a single seat cannot come."""
        single = Booking.objects.live().filter(event=self.event, quantity=1)
        booking = self.rng.choice(single.select_related("user").order_by("pk"))
        cancel_booking(reference=booking.reference, by=booking.user, now=self._next())

    def _answer(self) -> None:
        """Who is offered the seat takes it, declines, or lets it pass to the next; the last takes
        it."""
        for asked in range(1, MOST_ASKED + 1):
            offer = Offer.objects.open().select_related("user").filter(event=self.event).first()
            if offer is None:
                return
            dice = self.rng.random() * 100 if asked < MOST_ASKED else 0
            shortly = offer.made_at + timedelta(minutes=self.rng.uniform(1, 9))
            if dice < ACCEPT_PERCENT:
                accept_offer(offer_id=offer.pk, user=offer.user, now=shortly)
            elif dice < ACCEPT_PERCENT + DECLINE_PERCENT:
                decline_offer(offer_id=offer.pk, user=offer.user, now=shortly)
            else:
                expire_offers(now=offer.expires_at)
