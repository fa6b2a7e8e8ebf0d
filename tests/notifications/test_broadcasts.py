"""Organisers' messages to the people of an event: who gets them, and that none comes twice."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.urls import reverse

from bookings.services import cancel_booking
from evently.accounts.models import User
from evently.errors import Forbidden
from events.errors import EventNotFound
from events.models import Event, Role
from notifications import services
from notifications.errors import NobodyToTell
from notifications.models import Broadcast, Kind, Notice
from notifications.writing import write_notices
from tests.conftest import client_of
from tests.makers import add_member, make_booking, make_event, make_organiser, make_user
from tests.waitlist.people import make_entry

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = {"subject": "Doors", "body": "They open at seven."}


def make_world() -> tuple[Event, User, dict[str, User]]:
    """A full event, its owner, and people by what they have to do with it."""
    owner = make_user("Olga")
    event = make_event(make_organiser(owner), capacity=3, repeat_bookings_allowed=True)
    people = {name: make_user(name) for name in ("booked", "both", "waiting", "gone", "nobody")}
    gone = make_booking(event, people["gone"])
    cancel_booking(reference=gone.reference, by=people["gone"], now=datetime.now(UTC))
    make_booking(event, people["booked"], quantity=2)
    make_booking(event, people["both"])
    make_entry(event, people["both"])
    make_entry(event, people["waiting"])
    return event, owner, people


def send(event: Event, by: User, audience: str = "both") -> Broadcast:
    return services.send_broadcast(
        event_id=event.pk, by=by, audience=audience, now=datetime.now(UTC), **WORDS
    )


def told(people: dict[str, User]) -> list[str]:
    """Who has a notice of a broadcast, once for each."""
    notices = Notice.objects.filter(kind=Kind.BROADCAST).values_list("user", flat=True)
    names: dict[UUID, str] = {user.pk: name for name, user in people.items()}
    return sorted(names[user] for user in notices)


@pytest.mark.parametrize(
    ("audience", "expected"),
    [
        ("booked", ["booked", "both"]),
        ("waiting", ["both", "waiting"]),
        ("both", ["booked", "both", "waiting"]),
    ],
)
def test_a_message_goes_to_those_it_is_for_once_each(audience: str, expected: list[str]) -> None:
    event, owner, people = make_world()
    broadcast = send(event, owner, audience)
    assert broadcast.people == len(expected)
    services.write_broadcast(broadcast_id=broadcast.pk)
    assert told(people) == expected
    broadcast.refresh_from_db()
    assert (broadcast.status, broadcast.people) == (Broadcast.Status.WRITTEN, len(expected))


def test_an_interrupted_broadcast_goes_on_and_tells_nobody_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event, owner, people = make_world()
    broadcast = send(event, owner)
    monkeypatch.setattr(services, "BATCH", 1)
    calls: list[Any] = []

    def break_down(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        write_notices(*args)

    monkeypatch.setattr("notifications.services.write_notices", break_down)
    with pytest.raises(KeyboardInterrupt):
        services.write_broadcast(broadcast_id=broadcast.pk)
    assert len(told(people)) == 1
    assert services.find_queued_broadcasts() == [broadcast.pk]
    services.write_broadcast(broadcast_id=broadcast.pk)
    assert told(people) == ["booked", "both", "waiting"]
    assert services.find_queued_broadcasts() == []


def test_two_messages_are_two() -> None:
    event, owner, people = make_world()
    for _ in range(2):
        services.write_broadcast(broadcast_id=send(event, owner, "waiting").pk)
    assert told(people) == ["both", "both", "waiting", "waiting"]


def test_a_large_audience_costs_a_few_statements_a_batch(
    django_assert_max_num_queries: Any,
) -> None:
    event, owner, _ = make_world()
    broadcast = send(event, owner)
    with django_assert_max_num_queries(9):
        services.write_broadcast(broadcast_id=broadcast.pk)


def test_a_test_goes_to_its_author_alone() -> None:
    event, owner, _ = make_world()
    services.send_test(event_id=event.pk, by=owner, **WORDS)
    notice = Notice.objects.get(kind=Kind.BROADCAST)
    assert (notice.user, notice.data) == (owner, WORDS)
    assert not Broadcast.objects.exists()


def test_nobody_to_tell_is_said() -> None:
    owner = make_user()
    event = make_event(make_organiser(owner))
    with pytest.raises(NobodyToTell):
        send(event, owner)
    assert not Broadcast.objects.exists()


def test_only_those_who_may_edit_the_event_write_to_its_people() -> None:
    event, _, _ = make_world()
    viewer = make_user()
    add_member(event.organiser, viewer, Role.VIEWER)
    for stranger in (viewer, make_user()):
        with pytest.raises(Forbidden):
            send(event, stranger)
        with pytest.raises(Forbidden):
            services.send_test(event_id=event.pk, by=stranger, **WORDS)
    draft = make_event(make_organiser(), status=Event.Status.DRAFT)
    with pytest.raises(EventNotFound):
        send(draft, viewer)
    assert not Broadcast.objects.exists()


def test_the_api_takes_a_message_and_says_how_many_it_is_for() -> None:
    event, owner, _ = make_world()
    answer = client_of(owner).post(reverse("broadcast", args=[event.pk]), WORDS)
    assert answer.status_code == 202
    assert (answer.data["audience"], answer.data["people"]) == ("both", 3)


@pytest.mark.parametrize(
    "wrong", [{"subject": ""}, {"audience": "all"}, {"body": "x" * 10_001}, {"subject": "x" * 151}]
)
def test_a_message_that_cannot_be_sent_is_refused_by_field(wrong: dict[str, str]) -> None:
    event, owner, _ = make_world()
    answer = client_of(owner).post(reverse("broadcast", args=[event.pk]), WORDS | wrong)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(wrong))
    assert not Broadcast.objects.exists()


def test_staff_see_how_mails_are_doing() -> None:
    answer = client_of(make_user(is_staff=True)).get(reverse("notification-stats"))
    assert set(answer.data) == {"by_status", "by_kind"}
    assert answer.data["by_status"]["failed"] == 0
