"""Who changed what, with both values: on the event's own page, and over all of the team."""

from datetime import UTC, datetime

import pytest

from bookings.services import cancel_booking
from bookings.services.payments import mark_refunded
from evently.history.models import Change
from events.models import Role
from events.services import cancel_event, complete_ended_events, invite_member
from tests.admin.world import CHANGES, MARKERS, World, entries, page, text
from tests.makers import make_event, mark_paid

READERS = ("owner", "manager", "finance", "viewer", "staff")


@pytest.fixture
def told_world(world: World) -> World:
    """A price, a role and a refund were changed."""
    owner, now = world.people["owner"], datetime.now(UTC)
    world.event.refresh_from_db()
    sent = entries(world.event, price="33.00", name="Later Jazz")
    world.at("owner").post(page(world.event), sent)
    invite_member(
        organiser_id=world.organiser.pk,
        email=world.people["buyer"].email,
        role=Role.DOOR,
        only_event_id=world.event.pk,
        by=owner,
        now=now,
    )
    mark_paid(world.booking)
    cancel_booking(reference=world.booking.reference, by=owner, now=now)
    mark_refunded(booking_ids=[world.booking.pk], by=owner)
    return world


@pytest.mark.parametrize("name", READERS)
def test_the_event_tells_its_history_with_both_values(told_world: World, name: str) -> None:
    content = text(told_world.at(name).get(page(told_world.event, "history")))
    for words in ("20.00", "33.00", "Late Jazz", "Later Jazz", told_world.booking.reference):
        assert words in content
    assert told_world.people["buyer"].email in content
    assert told_world.people["owner"].name in content


@pytest.mark.parametrize("name", READERS)
def test_the_changes_of_the_whole_team_are_in_one_list(told_world: World, name: str) -> None:
    client = told_world.at(name)
    content = text(client.get(CHANGES))
    for words in ("20.00", "33.00", "Later Jazz", told_world.booking.reference):
        assert words in content
    assert (MARKERS["event"] in content) == (name == "staff")
    found = text(client.get(CHANGES, {"q": told_world.booking.reference}))
    assert told_world.booking.reference in found
    assert "33.00" not in found


def test_the_door_is_told_no_history_of_money_and_addresses(told_world: World) -> None:
    client = told_world.at("door")
    for address in (
        page(told_world.event, "history"),
        CHANGES,
        page(told_world.booking, "history"),
    ):
        response = client.get(address)
        content = text(response)
        for words in ("33.00", "due", told_world.people["buyer"].email):
            assert words not in content, address
    assert page(told_world.event, "history") not in text(client.get(page(told_world.event)))


def test_who_works_for_one_event_reads_its_history_alone(told_world: World) -> None:
    client = told_world.at("one_event")
    assert client.get(page(told_world.aside, "history")).status_code == 200
    assert client.get(page(told_world.event, "history")).status_code == 403
    assert "Later Jazz" not in text(client.get(CHANGES))


def test_what_evently_did_itself_says_so(told_world: World) -> None:
    over = datetime(2024, 1, 1, tzinfo=UTC)
    event = make_event(told_world.organiser, starts_at=over)
    complete_ended_events(now=datetime.now(UTC))
    content = text(told_world.at("owner").get(page(event, "history")))
    assert "Completed" in content
    assert "Evently" in content


@pytest.mark.parametrize("view", ["change", "delete"])
def test_history_is_never_written_over(told_world: World, view: str) -> None:
    change = Change.objects.filter(event_id=told_world.event.pk).first()
    assert change
    before = Change.objects.count()
    for name in ("owner", "staff"):
        client = told_world.at(name)
        assert client.post(page(change, view), {"post": "yes", "field": "x"}).status_code == 403
    assert Change.objects.count() == before


def test_a_script_in_history_stays_text(world: World) -> None:
    script = "<script>alert(1)</script>"
    world.event.refresh_from_db()
    world.at("owner").post(page(world.event), entries(world.event, name=script))
    cancel_event(event_id=world.event.pk, by=world.people["owner"], now=datetime.now(UTC))
    for address in (page(world.event, "history"), CHANGES):
        content = text(world.at("owner").get(address))
        assert script not in content
        assert "&lt;script&gt;alert(1)" in content
