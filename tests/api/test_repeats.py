"""A POST with an Idempotency-Key is done once, and its first answer is given again."""

import threading
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection
from django.urls import get_resolver, reverse

from evently.accounts.addresses import address_link
from evently.api import repeats
from evently.api.repeats import Repeats
from evently.idempotency import store
from evently.idempotency.models import KeptAnswer
from evently.idempotency.store import hold_key
from events.models import Event, Organiser
from notifications.models import Broadcast
from tests.api.people import Call, World, make_line_world, make_world
from tests.api.shapes import assert_invalid, assert_problem
from tests.api.test_access import CALLS, endpoints, state
from tests.conftest import client_of
from tests.harness import PATIENCE_SECONDS, at_once
from tests.makers import make_user

pytestmark = pytest.mark.django_db
real_commits = pytest.mark.django_db(transaction=True)

# Answers with tokens are never kept, and nobody is known before a log-in: the key is ignored.
IGNORE_KEYS = {"register", "login", "refresh", "logout"}
# Needs a link from a mail.
TRIED_BELOW = {"confirmation"}
KEY = {"Idempotency-Key": "once"}
DONE = [
    (call, next(role for role, status in call.expected.items() if status < 300))
    for call in CALLS
    if call.method == "POST" and min(call.expected.values()) < 300 and call.name not in IGNORE_KEYS
]


def send(call: Call, world: World, role: str, **headers: str) -> Any:
    client = world.client(role)
    return client.post(call.path(world), call.body(world), headers=call.headers | headers)


def rows() -> list[Any]:
    """All that a request may change but what is kept of its answer."""
    return [table for table in state() if not any("request" in row for row in table)]


def test_every_post_is_among_those_that_are_tried_here() -> None:
    posts = {name for method, name in endpoints(get_resolver()) if method == "POST"}
    assert {call.name for call, _ in DONE} | TRIED_BELOW == posts - IGNORE_KEYS


def test_only_views_for_people_who_are_not_logged_in_ignore_keys() -> None:
    ignoring = {
        str(pattern.name)
        for entry in get_resolver().url_patterns
        for pattern in getattr(entry, "url_patterns", ())
        if getattr(view_of(pattern), "repeats", None) is Repeats.ARE_DONE_AGAIN
    }
    assert ignoring == IGNORE_KEYS
    for name in IGNORE_KEYS:
        match = get_resolver().resolve(reverse(name))
        assert view_of(match.func).authentication_classes == ()


def view_of(pattern: Any) -> Any:
    return getattr(getattr(pattern, "callback", pattern), "view_class", None)


@pytest.mark.parametrize(("call", "role"), DONE, ids=lambda each: getattr(each, "name", each))
def test_a_repeated_request_is_done_once_and_gets_the_first_answer(call: Call, role: str) -> None:
    world = make_line_world()
    path, body = call.path(world), call.body(world)
    first, left = world.client(role).post(path, body, headers=KEY), rows()
    again = world.client(role).post(path, body, headers=KEY)
    assert first.status_code == again.status_code < 300
    assert again.content == first.content
    for name in ("Location", "ETag", "Content-Type", "Content-Language"):
        assert again.get(name) == first.get(name), name
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert rows() == left
    assert KeptAnswer.objects.filter(key="once").count() == 1


def test_an_address_that_is_confirmed_twice_with_the_key_is_confirmed_once() -> None:
    """Without the key the second request finds the link used up."""
    user = make_user(verified=False)
    token = address_link(user, user.email).rstrip("/").rpartition("/")[2]
    client, address = client_of(user), reverse("confirmation")
    first, again = (client.post(address, {"token": token}, headers=KEY) for _ in range(2))
    assert (first.status_code, first.json()["email_verified"]) == (200, True)
    assert (again.status_code, again.content) == (200, first.content)
    assert again["Idempotent-Replayed"] == "true"
    assert_problem(client.post(address, {"token": token}), 410, "link-refused")


@pytest.mark.parametrize(("call", "role"), DONE, ids=lambda each: getattr(each, "name", each))
def test_a_key_that_cannot_be_one_is_refused(call: Call, role: str) -> None:
    world = make_line_world()
    path, body = call.path(world), call.body(world)
    before = state()
    answer = world.client(role).post(path, body, headers={"Idempotency-Key": "two words"})
    assert_invalid(answer, "Idempotency-Key")
    assert state() == before


def test_tokens_are_never_kept() -> None:
    world = make_world()
    for call in (call for call in CALLS if call.name in IGNORE_KEYS):
        answer = send(call, world, "anonymous", **KEY)
        assert answer.status_code < 300
        assert "Idempotent-Replayed" not in answer
    assert not KeptAnswer.objects.exists()


def test_a_message_sent_twice_is_mailed_once() -> None:
    world = make_world()
    body = {"subject": "Doors at eight", "body": "See you there."}
    address = reverse("broadcast", args=[world.event.pk])
    for _ in range(2):
        assert world.client("owner").post(address, body, headers=KEY).status_code == 202
    assert Broadcast.objects.count() == 1


def test_cancelling_again_with_the_key_says_that_it_was_cancelled_by_this_request() -> None:
    """And without it, that it was cancelled before."""
    world = make_world()
    address = reverse("cancel-booking", args=[world.booking.reference])
    first, again = (world.client("buyer").post(address, headers=KEY) for _ in range(2))
    assert first.json()["status"] == "cancelled"
    assert (again.status_code, again.content) == (200, first.content)
    assert_problem(world.client("buyer").post(address), 409, "already-cancelled")


def test_a_refusal_that_judges_is_kept_and_one_to_correct_is_not() -> None:
    world = make_world()
    address = reverse("cancel-event", args=[world.draft.pk])
    refused = assert_problem(world.client("owner").post(address, headers=KEY), 409, "wrong-status")
    Event.objects.filter(pk=world.draft.pk).update(status=Event.Status.PUBLISHED)
    again = world.client("owner").post(address, headers=KEY)
    assert assert_problem(again, 409, "wrong-status")["detail"] == refused["detail"]
    assert again["Idempotent-Replayed"] == "true"
    other = {"Idempotency-Key": "other"}
    client = world.client("owner")
    assert_invalid(client.post(reverse("organisers"), {}, headers=other), "name")
    made = client.post(reverse("organisers"), {"name": "Blue Note"}, headers=other)
    assert made.status_code == 201


@pytest.mark.parametrize("difference", ["body", "address", "bookings"])
def test_a_key_stands_for_one_request(difference: str) -> None:
    world = make_world()
    client = world.client("buyer")
    team, cancel = reverse("organisers"), reverse("cancel-booking", args=[world.booking.reference])
    (first, its_body), (address, body) = {
        "body": ((team, {"name": "One"}), (team, {"name": "Two"})),
        "address": ((cancel, {}), (reverse("verification"), {})),
        "bookings": (
            (team, {"name": "One"}),
            (reverse("bookings"), {"event_id": str(world.aside.pk), "quantity": 1}),
        ),
    }[difference]
    assert client.post(first, its_body, headers=KEY).status_code in {200, 201}
    before = state()
    assert_problem(client.post(address, body, headers=KEY), 422, "idempotency-mismatch")
    assert state() == before


def test_a_booking_and_another_request_do_not_share_a_key() -> None:
    world = make_world()
    client = world.client("buyer")
    wish = {"event_id": str(world.aside.pk), "quantity": 1}
    assert client.post(reverse("bookings"), wish, headers=KEY).status_code == 201
    address = reverse("organisers")
    assert_problem(client.post(address, {"name": "One"}, headers=KEY), 422, "idempotency-mismatch")
    assert not Organiser.objects.filter(name="One").exists()


def test_the_same_key_of_another_person_is_another_key() -> None:
    for user in (make_user(), make_user()):
        answer = client_of(user).post(reverse("organisers"), {"name": "Trio"}, headers=KEY)
        assert "Idempotent-Replayed" not in answer
    assert Organiser.objects.filter(name="Trio").count() == 2


def test_what_fails_is_undone_with_its_answer_and_can_be_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The crash comes after the change and before its answer is kept."""
    user, world = make_user(), {"name": "Trio"}
    client = client_of(user)
    client.raise_request_exception = False

    def crash(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("evently.api.repeats.keep_answers", crash)
        assert client.post(reverse("organisers"), world, headers=KEY).status_code == 500
    assert not Organiser.objects.filter(name="Trio").exists()
    assert client.post(reverse("organisers"), world, headers=KEY).status_code == 201
    assert Organiser.objects.filter(name="Trio").count() == 1


# --- At once ------------------------------------------------------------------------------------


def race_with_one_key() -> list[Any]:
    """Both are past looking for a kept answer before one of them is done, if nothing stops it."""
    user = make_user()

    def post() -> Any:
        return client_of(user).post(reverse("organisers"), {"name": "Trio"}, headers=KEY)

    return at_once(post, post)


@real_commits
def test_one_key_twice_at_once_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    meet_after_looking(monkeypatch)
    answers = race_with_one_key()
    assert Organiser.objects.filter(name="Trio").count() == 1
    [late] = [answer for answer in answers if answer.status_code == 409]
    assert assert_problem(late, 409, "request-in-progress")["retry_after_seconds"] == 1
    assert late["Retry-After"] == "1"


@real_commits
def test_the_constraint_alone_undoes_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    meet_after_looking(monkeypatch)
    monkeypatch.setattr("evently.api.repeats.hold_key", lambda *_: True)
    answers = race_with_one_key()
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert Organiser.objects.filter(name="Trio").count() == 1


@real_commits
def test_control_without_both_it_is_done_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    meet_after_looking(monkeypatch)
    monkeypatch.setattr("evently.api.repeats.hold_key", lambda *_: True)
    monkeypatch.setattr("evently.api.repeats.keep_answers", lambda *_: None)
    assert [answer.status_code for answer in race_with_one_key()] == [201, 201]
    assert Organiser.objects.filter(name="Trio").count() == 2


def meet_after_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has found no kept answer waits for the other to come as far, or to be turned away."""
    find, hold, both = store.find_answers, store.hold_key, threading.Barrier(2)

    def look(asked: Any) -> Any:
        found = find(asked)
        with suppress(threading.BrokenBarrierError):
            both.wait(PATIENCE_SECONDS)
        return found

    def try_to_hold(*asked: Any) -> bool:
        is_held = hold(*asked)
        if not is_held:
            both.abort()
        return is_held

    monkeypatch.setattr(repeats, "find_answers", look)
    monkeypatch.setattr(repeats, "hold_key", try_to_hold)


@real_commits
def test_a_key_is_free_when_its_process_is_gone() -> None:
    """The database ends what a closed connection held."""
    user = make_user()
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        assert hold_key(user.pk, "once")
        [answer] = at_once(lambda: post_as(user))
        assert_problem(answer, 409, "request-in-progress")
    connection.close()
    assert post_as(user).status_code == 201


def post_as(user: Any) -> Any:
    return client_of(user).post(reverse("organisers"), {"name": "Trio"}, headers=KEY)
