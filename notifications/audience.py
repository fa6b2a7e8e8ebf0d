"""Who an organiser's message is for."""

from uuid import UUID

from django.db.models import Q, QuerySet

from bookings.models import Booking
from evently.accounts.models import User
from notifications.models import Broadcast
from waitlist.models import Entry


def _people(event_id: UUID, audience: str) -> QuerySet[User]:
    """Each person once, whatever they have booked and wait for."""
    booked = Q(pk__in=Booking.objects.live().filter(event=event_id).values("user"))
    waiting = Q(pk__in=Entry.objects.live().filter(event=event_id).values("user"))
    wanted = {
        Broadcast.Audience.BOOKED: booked,
        Broadcast.Audience.WAITING: waiting,
        Broadcast.Audience.BOTH: booked | waiting,
    }[Broadcast.Audience(audience)]
    return User.objects.filter(wanted, is_active=True)


def count_audience(*, event_id: UUID, audience: str) -> int:
    """How many people the message would go to."""
    return _people(event_id, audience).count()


def list_next_of_audience(broadcast: Broadcast, *, after: UUID, most: int) -> list[UUID]:
    """So many of the people, in the order of their ids, after this one."""
    people = _people(broadcast.event_id, broadcast.audience).filter(pk__gt=after)
    return list(people.order_by("pk").values_list("pk", flat=True)[:most])
