"""Notices by API and on their pages: whose they are, and what becomes of those that are read."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from evently.accounts.models import User
from notifications.models import Kind, Notice
from tests.bookings.test_pages import logged_in, text_of
from tests.conftest import client_of
from tests.makers import make_booking, make_event, make_user
from tests.waitlist.people import cancel_one, make_entry, make_full_event, offer_of
from waitlist.queries import offer_token

pytestmark = pytest.mark.django_db(transaction=True)


def make_notice(user: User, kind: Kind = Kind.WELCOME, **fields: Any) -> Notice:
    values = {"about": uuid4(), "created_at": datetime.now(UTC), "language": "en"} | fields
    return Notice.objects.create(user=user, kind=kind, **values)


def badge(client: Client) -> str:
    """What the bell shows; empty when it shows nothing."""
    page = client.get("/").content.decode()
    found = re.search(r"data-unread\s*(hidden)?\s*>([^<]*)<", page)
    assert found
    return "" if found[1] else found[2]


# --- API ------------------------------------------------------------------------------------------


def test_the_api_lists_what_a_person_was_told_newest_first() -> None:
    event, user = make_full_event(name="Late Jazz"), make_user()
    make_entry(event, user)
    cancel_one(event)
    results = client_of(user).get(reverse("notifications")).data["results"]
    assert [row["title"] for row in results] == [
        "Seats for you: Late Jazz",
        "On the waitlist: Late Jazz",
    ]
    assert results[0]["event_id"] == str(event.pk)
    assert results[0]["read_at"] is None
    assert results[0]["address"] == f"/notifications/{results[0]['id']}/"


def test_titles_are_in_the_readers_language() -> None:
    event, user = make_event(name="Late Jazz"), make_user()
    make_booking(event, user)
    rows = client_of(user).get(reverse("notifications"), headers={"Accept-Language": "de"}).data
    assert rows["results"][0]["title"] == "Gebucht: Late Jazz"


def test_pages_of_notices_do_not_repeat_themselves() -> None:
    user = make_user()
    made = [str(make_notice(user).pk) for _ in range(5)]
    client, seen, address = client_of(user), [], reverse("notifications") + "?limit=2"
    while address:
        page = client.get(address).data
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
    assert seen == made[::-1]


def test_a_list_of_notices_costs_the_same_however_long(django_assert_num_queries: Any) -> None:
    user = make_user()
    for _ in range(10):
        make_notice(user, Kind.BOOKING_CONFIRMED, event=make_event())
    client = client_of(user)
    with django_assert_num_queries(1):
        assert len(client.get(reverse("notifications")).data["results"]) == 10


def test_the_first_reading_counts() -> None:
    user = make_user()
    notice = make_notice(user)
    address = reverse("read-notification", args=[notice.pk])
    first = client_of(user).post(address).data
    assert first["read_at"]
    assert client_of(user).post(address).data == first


def test_a_strangers_notice_is_not_there_and_stays_unread() -> None:
    notice = make_notice(make_user())
    for address in (
        reverse("read-notification", args=[notice.pk]),
        reverse("read-notification", args=[uuid4()]),
    ):
        assert client_of(make_user()).post(address).status_code == 404
    notice.refresh_from_db()
    assert notice.read_at is None


# --- Pages ----------------------------------------------------------------------------------------


def test_the_bell_counts_what_is_new_to_the_person_alone() -> None:
    user = make_user()
    client = logged_in(user)
    assert badge(client) == ""
    make_notice(make_user())
    make_notice(user)
    assert badge(client) == "1"


def test_strangers_have_no_bell() -> None:
    page = Client().get("/").content.decode()
    assert "data-bell" not in page
    assert "data-toasts" not in page


def test_the_page_of_notices_works_by_links_and_buttons() -> None:
    event, user = make_event(name="Late Jazz"), make_user()
    booking = make_booking(event, user)
    make_notice(user)
    client = logged_in(user)
    page = client.get("/notifications/")
    assert "Booked: Late Jazz" in text_of(page)
    notice = Notice.objects.get(about=booking.pk)
    opened = client.get(f"/notifications/{notice.pk}/")
    assert opened["Location"] == f"/bookings/{booking.reference}/"
    assert badge(client) == "1"
    assert client.post("/notifications/read")["Location"] == "/notifications/"
    assert badge(client) == ""
    assert "Mark all as read" not in text_of(client.get("/notifications/"))


def test_a_page_without_notices_says_what_will_stand_there() -> None:
    assert "Nothing yet." in text_of(logged_in().get("/notifications/"))


def test_a_cursor_that_makes_no_sense_leads_to_the_first_page() -> None:
    assert logged_in().get("/notifications/?cursor=x")["Location"] == "/notifications/"


def test_each_kind_of_notice_leads_to_what_it_tells_of() -> None:
    event, user = make_full_event(), make_user()
    entry = make_entry(event, user)
    cancel_one(event)
    offer = f"/waitlist/offers/{offer_token(offer_of(entry))}/"
    make_notice(user, Kind.OFFER_PASSED, event=event, about=offer_of(entry).pk)
    for kind in (Kind.WELCOME, Kind.EVENT_REMINDER, Kind.BROADCAST):
        make_notice(user, kind, event=event, data={"subject": "Doors"})
    leads_to = {
        Kind.WAITLIST_JOINED: f"/events/{event.pk}/",
        Kind.WAITLIST_OFFER: offer,
        Kind.OFFER_PASSED: offer,
        Kind.WELCOME: "/",
        Kind.EVENT_REMINDER: "/bookings/",
        Kind.BROADCAST: f"/events/{event.pk}/",
    }
    client = logged_in(user)
    for kind, address in leads_to.items():
        notice = Notice.objects.get(user=user, kind=kind)
        assert client.get(f"/notifications/{notice.pk}/")["Location"] == address


@pytest.mark.parametrize("path", ["/notifications/", "/notifications/preferences/"])
def test_whoever_is_not_logged_in_is_led_to_the_log_in(path: str) -> None:
    assert Client().get(path)["Location"] == f"/accounts/login/?next={path}"


def test_another_persons_notice_is_not_there() -> None:
    notice = make_notice(make_user())
    assert logged_in().get(f"/notifications/{notice.pk}/").status_code == 404
    notice.refresh_from_db()
    assert notice.read_at is None


def test_notices_are_marked_by_forms_of_this_site_alone() -> None:
    user = make_user()
    make_notice(user)
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.post("/notifications/read").status_code == 403
    assert client.get("/notifications/read").status_code == 405
    assert Notice.objects.filter(read_at=None).count() == 1
