"""The list of events and the page of one, as each role sees them."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.urls import reverse

from bookings.services import cancel_booking
from events.models import Event, Role
from tests.admin.world import (
    ADD_EVENT,
    BOOKINGS,
    EDITORS,
    EVENTS,
    MARKERS,
    TEAM,
    World,
    act,
    entries,
    history_of,
    new_event,
    page,
    stored,
    text,
    told,
)
from tests.makers import add_member, make_booking, make_event

LOOKERS = ("finance", "door", "viewer")
OURS = {"Late Jazz", "Secret Plan", "Small Talk"}
THEIRS = {MARKERS["event"], MARKERS["draft"]}


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        *((name, OURS) for name in TEAM),
        ("one_event", {"Small Talk"}),
        ("stranger", set()),
        ("rival", THEIRS),
        ("staff", OURS | THEIRS),
    ],
)
def test_lists_hold_the_events_that_a_person_works_for(
    world: World, name: str, seen: set[str]
) -> None:
    client = world.at(name)
    content = text(client.get(EVENTS))
    assert {event for event in OURS | THEIRS if event in content} == seen
    assert (MARKERS["organiser"] in content) == (name == "staff")  # a filter with choices
    drafts = text(client.get(EVENTS, {"status__exact": "draft"}))
    assert {event for event in OURS | THEIRS if event in drafts} == seen & {
        "Secret Plan",
        MARKERS["draft"],
    }


def test_events_are_found_by_name_place_and_organiser(world: World) -> None:
    client = world.at("staff")
    for words in ("zephyr gala", "vaults", "zephyr trust"):
        content = text(client.get(EVENTS, {"q": words}))
        assert MARKERS["event"] in content
        assert "Small Talk" not in content


def test_what_comes_next_stands_first_and_what_is_over_last(world: World) -> None:
    over = datetime(2020, 1, 1, tzinfo=UTC)
    make_event(world.organiser, name="Long ago", starts_at=over, status="completed")
    make_event(world.organiser, name="Far off", starts_at=datetime(2040, 1, 1, tzinfo=UTC))
    content = text(world.at("viewer").get(EVENTS))
    assert content.index("Late Jazz") < content.index("Far off") < content.index("Long ago")


def test_what_never_was_is_refused_like_what_is_not_ours(world: World) -> None:
    address = reverse("admin:events_event_change", args=[UUID(int=1)])
    assert world.at("owner").get(address).status_code == 403
    assert world.at("owner").get(address.replace(str(UUID(int=1)), "%00")).status_code == 403


@pytest.mark.parametrize("name", [*TEAM, "staff"])
def test_the_event_page_shows_seats_that_add_up(world: World, name: str) -> None:
    content = text(world.at(name).get(page(world.event)))
    # One seat is the world's, three are Berta's.
    assert "4 confirmed + 0 held + 0 offered + 96 available = 100, the capacity." in content


def test_the_event_page_says_when_seats_do_not_add_up(world: World) -> None:
    Event.objects.filter(pk=world.event.pk).update(available_seats=90)
    assert "but the capacity is 100" in text(world.at("owner").get(page(world.event)))


def test_the_event_page_is_one_click_from_the_public_page_and_the_bookings(world: World) -> None:
    content = text(world.at("owner").get(page(world.event)))
    assert f'href="{reverse("bookings:event", args=[world.event.pk])}"' in content
    assert f'href="{BOOKINGS}?event__id__exact={world.event.pk}"' in content


def test_times_are_shown_on_the_events_own_clocks(world: World) -> None:
    Event.objects.filter(pk=world.event.pk).update(
        starts_at=datetime(2030, 7, 1, 17, 30, tzinfo=UTC),
        ends_at=datetime(2030, 7, 1, 20, 0, tzinfo=UTC),
        sales_start_at=datetime(2030, 1, 1, 9, 0, tzinfo=UTC),
        timezone="Europe/Berlin",
    )
    client = world.at("owner")
    assert "Mon, Jul 1, 2030, 7:30" in text(client.get(EVENTS))
    content = text(client.get(page(world.event)))
    assert 'value="2030-07-01T19:30"' in content
    assert 'value="2030-07-01T22:00"' in content
    assert 'value="2030-01-01T10:00"' in content


# --- What the roles may do ------------------------------------------------------------------------


@pytest.mark.parametrize("name", EDITORS)
def test_editors_see_the_steps_and_a_form(world: World, name: str) -> None:
    content = text(world.at(name).get(page(world.event)))
    for step in ("capacity", "copy", "cancel"):
        assert page(world.event, step) in content
    assert page(world.event, "publish") not in content
    assert page(world.draft, "publish") in text(world.at(name).get(page(world.draft)))
    assert 'name="_save"' in content


@pytest.mark.parametrize("name", LOOKERS)
def test_who_looks_on_changes_no_event(world: World, name: str) -> None:
    before = [stored(event) for event in (world.event, world.draft)]
    client = world.at(name)
    content = text(client.get(page(world.event)))
    assert 'name="_save"' not in content
    for step in ("publish", "capacity", "copy", "cancel"):
        assert page(world.event, step) not in content
        assert client.get(page(world.draft, step)).status_code == 403
        assert client.post(page(world.draft, step), {"capacity": 5}).status_code == 403
    assert client.post(page(world.event), entries(world.event, name="X")).status_code == 403
    assert client.get(ADD_EVENT).status_code == 403
    assert client.post(ADD_EVENT, new_event(world.organiser)).status_code == 403
    assert client.post(page(world.draft, "delete"), {"post": "yes"}).status_code == 403
    assert 'value="publish"' not in text(client.get(EVENTS))
    act(client, EVENTS, "publish", world.draft)
    assert [stored(event) for event in (world.event, world.draft)] == before
    assert not Event.objects.filter(name="New").exists()


def test_who_works_for_one_event_changes_that_one_alone(world: World) -> None:
    client = world.at("one_event")
    assert client.post(page(world.aside), entries(world.aside, name="Mine")).status_code == 302
    assert stored(world.aside)["name"] == "Mine"
    before = stored(world.event), stored(world.draft)
    for row in (world.event, world.draft):
        for view in ("change", "history", "delete", "capacity", "copy", "cancel", "publish"):
            assert client.get(page(row, view)).status_code == 403
            assert client.post(page(row, view), entries(row, post="yes")).status_code == 403
    assert (stored(world.event), stored(world.draft)) == before
    assert client.get(ADD_EVENT).status_code == 403
    assert client.post(ADD_EVENT, new_event(world.organiser)).status_code == 403
    assert ADD_EVENT not in text(client.get(EVENTS))


@pytest.mark.parametrize("status", ["cancelled", "completed"])
def test_a_closed_event_is_only_looked_at_and_copied(world: World, status: str) -> None:
    Event.objects.filter(pk=world.event.pk).update(status=status)
    before = stored(world.event)
    client = world.at("owner")
    content = text(client.get(page(world.event)))
    assert 'name="_save"' not in content
    assert client.post(page(world.event), entries(world.event, name="X")).status_code == 403
    assert stored(world.event) == before
    assert page(world.event, "copy") in content
    assert client.get(page(world.event, "copy")).status_code == 200


# --- Deleting, and actions on many ----------------------------------------------------------------


@pytest.mark.parametrize("name", EDITORS)
def test_editors_delete_an_event_that_nobody_booked(world: World, name: str) -> None:
    client = world.at(name)
    assert client.get(page(world.draft, "delete")).status_code == 200
    client.post(page(world.draft, "delete"), {"post": "yes"})
    assert not Event.objects.filter(pk=world.draft.pk).exists()
    assert history_of(world.draft) == [("status", "draft", None, world.people[name])]


def test_deleting_is_not_offered_while_a_seat_is_taken(world: World) -> None:
    before = stored(world.event)
    client = world.at("owner")
    assert page(world.event, "delete") not in text(client.get(page(world.event)))
    assert page(world.draft, "delete") in text(client.get(page(world.draft)))
    assert client.post(page(world.event, "delete"), {"post": "yes"}).status_code == 403
    assert stored(world.event) == before


def test_an_event_that_was_ever_booked_is_not_deleted(world: World) -> None:
    event = make_event(world.organiser)
    booking = make_booking(event)
    cancel_booking(reference=booking.reference, by=booking.user, now=datetime.now(UTC))
    before = stored(event)
    response = world.at("owner").post(page(event, "delete"), {"post": "yes"})
    assert "Cancel it instead" in told(response)
    assert stored(event) == before
    assert history_of(event) == []


@pytest.mark.parametrize("name", EDITORS)
def test_editors_publish_many(world: World, name: str) -> None:
    response = act(world.at(name), EVENTS, "publish", world.draft, world.event)
    assert stored(world.draft)["status"] == "published"
    assert "Published: 1." in told(response)
    assert "cannot become published" in told(response)
    assert history_of(world.draft) == [("status", "draft", "published", world.people[name])]


def test_events_are_not_deleted_past_the_service(world: World) -> None:
    client = world.at("owner")
    assert "delete_selected" not in text(client.get(EVENTS))
    act(client, EVENTS, "delete_selected", world.draft, post="yes")
    assert Event.objects.filter(pk=world.draft.pk).exists()


def test_an_editor_elsewhere_does_not_act_where_they_only_look_on(world: World) -> None:
    add_member(world.foreign.organiser, world.people["manager"], Role.VIEWER)
    before = stored(world.foreign.draft)
    client = world.at("manager")
    response = act(client, EVENTS, "publish", world.foreign.draft, select_across="1")
    assert "may not do this" in told(response)
    assert client.post(page(world.foreign.draft, "publish")).status_code == 403
    assert stored(world.foreign.draft) == before
    # The own team's draft was among "all".
    assert MARKERS["organiser"] not in text(client.get(ADD_EVENT))
