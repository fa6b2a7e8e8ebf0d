"""What people do with their notices, and what organisers tell the people of an event."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from evently.accounts.models import User
from evently.errors import Forbidden
from evently.facts import publish
from evently.ids import new_id
from evently.transactions import unit_of_work
from events.models import Event
from events.queries import get_event, rights_of
from events.roles import Capability
from notifications.audience import count_audience, list_next_of_audience
from notifications.errors import NobodyToTell
from notifications.facts import BroadcastQueued
from notifications.models import Broadcast, Channel, Kind, Notice, Preference
from notifications.queries import get_notice
from notifications.telling import tell_people
from notifications.unsubscribing import read_unsubscribe_token
from notifications.writing import Telling, write_notices

# People whose notices are written in one transaction.
BATCH = 1_000


def read_notice(*, notice_id: UUID, user: User, now: datetime) -> Notice:
    """Note that the person has read it; the first time counts.

    Args:
        now: aware UTC instant, read once at the edge.

    Raises:
        NoticeNotFound: no such notice, or somebody else's.
    """
    notice = get_notice(notice_id=notice_id, user=user)
    if notice.read_at is None:
        notice.read_at = now
        notice.save(update_fields=["read_at"])
        transaction.on_commit(lambda: tell_people([user.pk]))
    return notice


def read_all_notices(*, user: User, now: datetime) -> int:
    """Note that the person has read everything; returns how many notices were new to them."""
    noted = Notice.objects.filter(user=user, read_at=None).update(read_at=now)
    if noted:
        tell_people([user.pk])
    return noted


def choose_notices(*, user: User, choices: Mapping[tuple[Kind, Channel], bool]) -> None:
    """Keep what the person wants to hear on which channel; what is not named stays as it is.

    Side effects:
        Opens the transaction.
    """
    rows = [
        Preference(user=user, kind=kind, channel=channel, wanted=wanted)
        for (kind, channel), wanted in choices.items()
    ]
    with unit_of_work():
        Preference.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["user", "kind", "channel"],
            update_fields=["wanted"],
        )


def unsubscribe(*, token: str) -> Kind:
    """Stop a kind of mail, as a link in one of them asks; doing it twice is the same as once.

    Raises:
        UnknownUnsubscribeLink: we did not make this link.
    """
    user_id, kind = read_unsubscribe_token(token)
    user = User.objects.get(pk=user_id)
    choose_notices(user=user, choices={(kind, Channel.MAIL): False})
    return kind


# --- Broadcasts -----------------------------------------------------------------------------------


def send_broadcast(
    *, event_id: UUID, by: User, audience: str, subject: str, body: str, now: datetime
) -> Broadcast:
    """Keep an organiser's message for the people of an event; `write_broadcast` tells them.

    Args:
        audience: one of `Broadcast.Audience`.
        now: aware UTC instant, read once at the edge.

    Raises:
        EventNotFound: no such event, or somebody else's draft.
        Forbidden: not for those who may not edit the event.
        NobodyToTell: nobody has booked or waits.

    Side effects:
        Opens the transaction. Publishes BroadcastQueued.
    """
    event = _own_event(event_id, by)
    people = count_audience(event_id=event_id, audience=audience)
    if not people:
        raise NobodyToTell
    with unit_of_work():
        broadcast = Broadcast.objects.create(
            event=event,
            by=by,
            audience=audience,
            subject=subject,
            body=body,
            people=people,
            created_at=now,
        )
        publish(BroadcastQueued(broadcast.pk))
    return broadcast


def write_broadcast(*, broadcast_id: UUID) -> None:
    """Write the notices of a broadcast, a batch after the other; interrupted it is called again.

    Who has been told is told no second time: the notices themselves say so.

    Side effects:
        Opens a transaction for each batch.
    """
    broadcast = Broadcast.objects.get(pk=broadcast_id)
    last = UUID(int=0)
    while people := list_next_of_audience(broadcast, after=last, most=BATCH):
        with unit_of_work():
            write_notices(Kind.BROADCAST, [_telling(broadcast, user_id) for user_id in people])
        last = people[-1]
    Broadcast.objects.filter(pk=broadcast_id).update(
        status=Broadcast.Status.WRITTEN, people=count_told(broadcast)
    )


def find_queued_broadcasts() -> list[UUID]:
    """Broadcasts whose notices are not all written, the oldest first."""
    queued = Broadcast.objects.filter(status=Broadcast.Status.QUEUED)
    return list(queued.order_by("id").values_list("pk", flat=True))


def send_test(*, event_id: UUID, by: User, subject: str, body: str) -> None:
    """Send the message to its author alone, through the same channels.

    Raises:
        EventNotFound: no such event, or somebody else's draft.
        Forbidden: not for those who may not edit the event.
    """
    _own_event(event_id, by)
    words = {"subject": subject, "body": body}
    with unit_of_work():
        telling = Telling(user_id=by.pk, event_id=event_id, about=new_id(), data=words)
        write_notices(Kind.BROADCAST, [telling])


def count_told(broadcast: Broadcast) -> int:
    """How many people the broadcast's notices are written for."""
    return Notice.objects.filter(kind=Kind.BROADCAST, about=broadcast.pk).count()


def _telling(broadcast: Broadcast, user_id: UUID) -> Telling:
    return Telling(
        user_id=user_id,
        event_id=broadcast.event_id,
        about=broadcast.pk,
        data={"subject": broadcast.subject},
    )


def _own_event(event_id: UUID, by: User) -> Event:
    event = get_event(event_id=event_id, user=by)
    if not rights_of(by).may(Capability.EDIT_EVENTS, event):
        raise Forbidden
    return event
