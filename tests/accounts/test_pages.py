"""The pages of one's own account: profile, own data, deleting it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils.html import escape

from bookings.models import Booking
from evently.accounts import personal_data
from evently.accounts.models import TokenFamily, User
from evently.accounts.personal_data import erase_account
from evently.accounts.tokens import issue_tokens
from evently.history.models import Change
from events.models import Event, Membership, Role
from events.services import invite_member
from tests.makers import (
    PASSWORD,
    add_member,
    make_booking,
    make_event,
    make_organiser,
    make_user,
)

Answer = Any  # The test client's response, with `content`.

pytestmark = pytest.mark.django_db(transaction=True)


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(answer: Answer) -> str:
    return " ".join(answer.content.decode().split())


def data_of(client: Client) -> Any:
    answer = client.get("/accounts/data/")
    assert answer.status_code == 200
    return json.loads(answer.getvalue())


def send_deletion(user: User, password: str = PASSWORD) -> Answer:
    return logged_in(user).post("/accounts/delete/", {"password": password}, follow=True)


# --- Profile --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Ada", "آدا", "Ada 🎟", "<script>alert(1)</script>"])
def test_a_name_is_kept_as_it_is_typed(name: str) -> None:
    user = make_user("Old")
    answer = logged_in(user).post("/accounts/profile/", {"name": name}, follow=True)
    user.refresh_from_db()
    assert user.name == name
    assert "Your name is saved." in text_of(answer)
    assert f'value="{escape(name)}"' in text_of(answer)
    assert "<script>alert" not in text_of(answer)


@pytest.mark.parametrize("name", ["", "   ", "x" * 151, "a\x00b"])
def test_a_name_that_cannot_be_is_refused_and_kept_in_the_form(name: str) -> None:
    user = make_user("Old")
    answer = logged_in(user).post("/accounts/profile/", {"name": name})
    assert answer.status_code == 400
    assert 'class="field-error"' in text_of(answer)
    assert 'aria-invalid="true"' in text_of(answer)
    assert name.strip() in answer.content.decode()
    user.refresh_from_db()
    assert user.name == "Old"


@pytest.mark.parametrize("path", ["profile", "data", "delete"])
def test_strangers_log_in_first(client: Client, path: str) -> None:
    address = f"/accounts/{path}/"
    assert client.get(address).headers["Location"] == f"/accounts/login/?next={address}"


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("email", "E-mail address"),
        ("password/change", "Change password"),
        ("reauthenticate", "Your password, please"),
        ("logout", "Log out?"),
        ("inactive", "This account is closed"),
        ("confirm-email", "Look into your mail"),
        ("confirm-email/used", "This link does not work any more"),
        ("password/reset", "Forgot your password?"),
        ("password/reset/done", "Look into your mail"),
        ("password/reset/key/1-used", "This link does not work any more"),
    ],
)
def test_every_page_of_an_account_looks_like_the_others(path: str, title: str) -> None:
    answer = logged_in(make_user()).get(f"/accounts/{path}/", follow=True)
    page = text_of(answer)
    assert f"<h1>{title}</h1>" in page
    assert '<div class="panel narrow">' in page
    assert page.count("<script") == 2  # ours, and the words for it


# --- Own data -------------------------------------------------------------------------------------


def test_one_file_holds_all_that_is_known() -> None:
    user, organiser = make_user("Ada", email="ada@example.com"), make_organiser(name="Blue Note")
    add_member(organiser, user, Role.VIEWER)
    booking = make_booking(make_event(organiser, name="سهرة"), user, quantity=2)
    make_booking(make_event(name="Somebody else's"))
    data = data_of(logged_in(user))
    assert data["account"]["name"] == "Ada"
    assert data["account"]["email"] == "ada@example.com"
    assert data["account"]["email_verified_at"].startswith("2026-")
    [row] = data["bookings"]
    assert (row["reference"], row["event"], row["total"]) == (booking.reference, "سهرة", "40.00")
    assert data["teams"] == [{"organiser": "Blue Note", "role": "viewer", "only_event": None}]


def test_the_file_is_a_download_that_nobody_keeps() -> None:
    answer = logged_in(make_user()).get("/accounts/data/")
    assert answer.streaming
    assert answer.headers["Content-Disposition"] == 'attachment; filename="evently-my-data.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.getvalue())["bookings"] == []


# --- Deleting the account -------------------------------------------------------------------------


def test_the_page_says_exactly_what_will_happen() -> None:
    user, organiser = make_user(), make_organiser(name="Blue Note")
    add_member(organiser, user, Role.VIEWER)
    for _ in range(2):
        make_booking(make_event(), user)
    page = text_of(logged_in(user).get("/accounts/delete/"))
    for said in (
        "Your 2 upcoming bookings are cancelled and their seats go to others.",
        "without your name and address, because the law asks organisers to keep invoices",
        "You leave the team of Blue Note.",
    ):
        assert said in page
    bare = text_of(logged_in(make_user()).get("/accounts/delete/"))
    assert "upcoming" not in bare
    assert "the law" not in bare


def test_deleting_gives_seats_back_and_forgets_who_it_was() -> None:
    user, event = make_user("Ada", email="ada@example.com"), make_event(capacity=10)
    issue_tokens(user)
    elsewhere = logged_in(user)
    coming = make_booking(event, user, quantity=3)
    past = make_booking(make_event(name="Gone"), user)
    lately = datetime.now(UTC) - timedelta(days=2)
    Event.objects.filter(pk=past.event_id).update(
        starts_at=lately, ends_at=lately + timedelta(hours=2)
    )
    answer = send_deletion(user)
    assert answer.redirect_chain == [("/", 302)]
    assert "Your account is deleted." in text_of(answer)
    user.refresh_from_db()
    assert (user.email, user.name) == (f"erased-{user.pk}@erased.invalid", "")
    assert not user.is_active
    assert not user.has_usable_password()
    assert not user.is_verified
    assert not TokenFamily.objects.exists()
    coming.refresh_from_db()
    past.refresh_from_db()
    event.refresh_from_db()
    assert (coming.status, event.available_seats) == (Booking.Status.CANCELLED, 10)
    assert (past.status, past.user) == (Booking.Status.CONFIRMED, user)
    assert elsewhere.get("/bookings/").status_code == 302


def test_every_log_in_of_the_person_ends_and_nobody_elses() -> None:
    user, other = make_user(), make_user()
    clients = [logged_in(user), logged_in(user)]
    stays = logged_in(other)
    send_deletion(user)
    assert all(client.get("/bookings/").status_code == 302 for client in clients)
    assert stays.get("/bookings/").status_code == 200
    assert [session.get_decoded()["_auth_user_id"] for session in Session.objects.all()] == [
        str(other.pk)
    ]


@pytest.mark.parametrize("password", ["", "wrong", "x" * 500])
def test_without_the_password_nothing_is_deleted(password: str) -> None:
    user = make_user()
    booking = make_booking(make_event(), user)
    answer = send_deletion(user, password)
    assert answer.status_code == 400
    assert 'class="field-error"' in text_of(answer)
    user.refresh_from_db()
    booking.refresh_from_db()
    assert user.is_active
    assert booking.status == Booking.Status.CONFIRMED


def test_the_address_can_be_used_again() -> None:
    user = make_user("Ada", email="ada@example.com")
    send_deletion(user)
    assert make_user("Ada", email="ada@example.com").pk != user.pk


def test_the_only_owner_hands_the_team_over_first() -> None:
    owner, colleague = make_user("Olga"), make_user("Carl")
    organiser = make_organiser(owner, name="Blue Note")
    member = add_member(organiser, colleague, Role.MANAGER)
    booking = make_booking(make_event(), owner)
    page = logged_in(owner).get("/accounts/delete/")
    assert page.status_code == 409
    assert "You are the only owner of Blue Note. Make somebody else an owner first." in text_of(
        page
    )
    assert send_deletion(owner).status_code == 409
    booking.refresh_from_db()
    owner.refresh_from_db()
    assert (owner.is_active, booking.status) == (True, Booking.Status.CONFIRMED)
    Membership.objects.filter(pk=member.pk).update(role=Role.OWNER)
    send_deletion(owner)
    owner.refresh_from_db()
    assert not owner.is_active
    assert [left.user for left in organiser.memberships.all()] == [colleague]


def test_the_history_keeps_what_was_done_and_not_who_it_was() -> None:
    owner, member = make_user(), make_user("Vera", email="vera@example.com")
    organiser = make_organiser(owner)
    place = add_member(organiser, member, Role.VIEWER)
    Change.objects.create(
        organiser_id=organiser.pk,
        subject="member",
        subject_id=place.pk,
        label="vera@example.com",
        field="role",
        after="viewer",
    )
    send_deletion(member)
    assert not Change.objects.filter(label__contains="vera").exists()
    left = Change.objects.get(subject="member", before="viewer")
    assert (left.after, left.label) == (None, f"erased-{member.pk}@erased.invalid")


def test_an_erased_address_is_invited_no_more_and_the_history_forgets_it() -> None:
    owner, invited = make_user("Olga"), make_user("Vera", email="vera@example.com")
    organiser = make_organiser(owner)
    offer: dict[str, Any] = {"role": Role.VIEWER, "only_event_id": None, "now": datetime.now(UTC)}
    invite_member(organiser_id=organiser.pk, email=invited.email, by=owner, **offer)
    assert [row["invited_as"] for row in data_of(logged_in(invited))["teams"]] == ["viewer"]
    send_deletion(make_user("Mallory", email=invited.email, verified=False))
    assert organiser.invitations.count() == 1
    send_deletion(invited)
    assert organiser.invitations.count() == 0
    assert not Change.objects.filter(label__contains="vera").exists()


def test_an_interrupted_deletion_is_finished_by_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user, event = make_user(), make_event(capacity=10)
    make_booking(event, user, quantity=3)

    def crash(_: User) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(personal_data, "_forget", crash)
        with pytest.raises(ConnectionError):
            erase_account(user=user, now=datetime.now(UTC))
    user.refresh_from_db()
    assert user.is_active
    send_deletion(user)
    user.refresh_from_db()
    event.refresh_from_db()
    assert (user.is_active, event.available_seats) == (False, 10)


def test_what_is_booked_in_another_window_meanwhile_is_cancelled_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user, event = make_user(), make_event(capacity=10)
    forget = personal_data._forget

    def book_and_forget(person: User) -> None:
        Booking.objects.bulk_create(
            [
                Booking(
                    event=event,
                    user=person,
                    quantity=2,
                    unit_price=20,
                    currency="EUR",
                    created_at=datetime.now(UTC),
                )
            ]
        )
        Event.objects.update(available_seats=8)
        forget(person)

    monkeypatch.setattr(personal_data, "_forget", book_and_forget)
    send_deletion(user)
    event.refresh_from_db()
    assert event.available_seats == 10
    assert not Booking.objects.live().exists()
