"""The form of an event: what it saves, and what it says to bad entries."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import escape
from typing import Any

import pytest

from events.models import Event, Role
from tests.admin.world import (
    ADD_EVENT,
    EDITORS,
    EVENTS,
    MARKERS,
    World,
    entries,
    history_of,
    new_event,
    page,
    stored,
    text,
)
from tests.makers import add_member, make_organiser

SCRIPT = "<script>alert(1)</script>"
ODD_NAMES = [
    pytest.param(SCRIPT, id="script"),
    pytest.param("\"><img src=x onerror='alert(1)'>", id="attribute"),
    pytest.param("{{ 7*7 }}{% now 'Y' %}", id="template"),
    pytest.param("مهرجان الموسيقى \u200eabc", id="right to left"),
    pytest.param("Jazz 🎷🎺 👩‍👩‍👧", id="emoji"),
]


@pytest.mark.parametrize("name", EDITORS)
def test_editors_change_an_event(world: World, name: str) -> None:
    changes = {"name": "Renamed", "price": "25.50", "sales_end_at": ""}
    response = world.at(name).post(page(world.event), entries(world.event, **changes))
    assert response.status_code == 302
    after = stored(world.event)
    assert (after["name"], after["price"]) == ("Renamed", Decimal("25.50"))
    assert after["edited_version"] == after["version"]
    assert after["starts_at"] == world.event.starts_at.replace(second=0, microsecond=0)
    kept = history_of(world.event)
    assert ("name", "Late Jazz", "Renamed", world.people[name]) in kept
    assert ("price", "20.00", "25.50", world.people[name]) in kept


def test_the_form_holds_the_version_that_was_read_and_no_capacity(world: World) -> None:
    shown = world.at("owner").get(page(world.event)).context["adminform"].form
    assert shown["seen_version"].value() == stored(world.event)["version"] > 1
    assert shown["seen_version"].is_hidden
    assert "capacity" not in shown.fields


def test_times_are_entered_on_the_events_own_clocks(world: World) -> None:
    changes = {
        "timezone": "America/New_York",
        "starts_at": "2030-07-01T19:30",
        "ends_at": "2030-07-01T22:00",
        "sales_start_at": "2030-06-01T10:00",
        "sales_end_at": "2030-07-01T20:00",
    }
    world.at("owner").post(page(world.event), entries(world.event, **changes))
    after = stored(world.event)
    assert after["starts_at"] == datetime(2030, 7, 1, 23, 30, tzinfo=UTC)
    assert after["sales_start_at"] == datetime(2030, 6, 1, 14, 0, tzinfo=UTC)
    assert after["sales_end_at"] == datetime(2030, 7, 2, 0, 0, tzinfo=UTC)
    assert after["timezone"] == "America/New_York"


def test_an_event_without_an_end_lasts_three_hours(world: World) -> None:
    world.at("owner").post(ADD_EVENT, new_event(world.organiser, ends_at=""))
    event = Event.objects.get(name="New")
    assert event.ends_at - event.starts_at == timedelta(hours=3)


def test_typed_in_counters_count_nothing(world: World) -> None:
    form = entries(world.event, available_seats=5, capacity=7, status="completed")
    form |= {"edited_version": 9, "version": 99, "import_uid": "x"}
    form |= {"organiser": world.foreign.organiser.pk}
    assert world.at("owner").post(page(world.event), form).status_code == 302
    after = stored(world.event)
    assert (after["available_seats"], after["capacity"], after["status"]) == (96, 100, "published")
    assert (after["organiser_id"], after["import_uid"]) == (world.organiser.pk, None)


# --- Adding ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EDITORS)
@pytest.mark.parametrize(("publish", "status"), [(None, "draft"), ("on", "published")])
def test_editors_add_an_event(world: World, name: str, publish: str | None, status: str) -> None:
    response = world.at(name).post(ADD_EVENT, new_event(world.organiser, publish=publish))
    event = Event.objects.get(name="New")
    assert response.headers["Location"] == page(event)
    assert (event.organiser, event.status) == (world.organiser, status)
    assert (event.capacity, event.available_seats) == (80, 80)
    assert history_of(event) == [("status", None, status, world.people[name])]


def test_members_add_events_to_their_own_teams_only(world: World) -> None:
    client = world.at("manager")
    content = text(client.get(ADD_EVENT))
    assert f'value="{world.organiser.pk}" selected' in content
    assert MARKERS["organiser"] not in content
    before = Event.objects.count()
    answer = text(client.post(ADD_EVENT, new_event(world.foreign.organiser)))
    assert "Select a valid choice" in answer
    assert MARKERS["organiser"] not in answer
    assert Event.objects.count() == before


def test_a_team_in_which_a_person_only_looks_on_is_no_choice(world: World) -> None:
    add_member(world.foreign.organiser, world.people["manager"], Role.VIEWER)
    assert MARKERS["organiser"] not in text(world.at("manager").get(ADD_EVENT))


def test_a_new_event_begins_with_what_the_last_one_had(world: World) -> None:
    Event.objects.filter(pk=world.aside.pk).update(
        timezone="Asia/Tokyo", currency="JPY", venue="Blue Hall", created_at=datetime.now(UTC)
    )
    initial = world.at("owner").get(ADD_EVENT).context["adminform"].form.initial
    assert (initial["timezone"], initial["currency"]) == ("Asia/Tokyo", "JPY")
    assert initial["venue"] == "Blue Hall"


def test_a_first_event_is_published_from_an_empty_team(world: World) -> None:
    """From the log-in to a published event: three requests, nothing to look up."""
    make_organiser(world.people["buyer"], name="First Time")
    client = world.at("buyer")
    form = client.get(ADD_EVENT).context["adminform"].form
    sent = {name: form.get_initial_for_field(form.fields[name], name) for name in form.fields}
    sent = {name: value for name, value in sent.items() if value is not None and value is not False}
    sent |= {"name": "Opening", "starts_at": "2030-07-01T19:30", "capacity": 50, "publish": "on"}
    assert client.post(ADD_EVENT, sent).status_code == 302
    assert Event.objects.get(name="Opening").status == "published"


# --- Bad entries ----------------------------------------------------------------------------------

BAD = [
    ({"name": ""}, "name", "This field is required"),
    ({"name": "x" * 201}, "name", "at most 200 characters"),
    ({"venue": "x" * 201}, "venue", "at most 200 characters"),
    ({"description": "x" * 20_001}, "description", "at most 20000 characters"),
    ({"name": "a\x00b"}, "name", "U+0000, which is no text"),
    ({"description": "\x00"}, "description", "U+0000, which is no text"),
    ({"venue": "a\u202eb"}, "venue", "turns the order of letters around"),
    ({"timezone": "Mars/Base"}, "timezone", "Select a valid choice"),
    ({"timezone": "Europe/Berlin\x00"}, "timezone", "Select a valid choice"),
    ({"currency": "XXQ"}, "currency", "Select a valid choice"),
    ({"price": "-1"}, "price", "greater than or equal to 0"),
    ({"price": "1e99"}, "price", "no more than"),
    ({"price": "NaN"}, "price", "Enter a number"),
    ({"price": "twelve"}, "price", "Enter a number"),
    ({"max_per_booking": "0"}, "max_per_booking", "greater than or equal to 1"),
    ({"starts_at": ""}, "starts_at", "This field is required"),
    ({"starts_at": "tomorrow"}, "starts_at", "Enter a valid date"),
    ({"starts_at": "2030-02-30T10:00"}, "starts_at", "Enter a valid date"),
    ({"ends_at": "soon"}, "ends_at", "Enter a valid date"),
    ({"starts_at": "2020-01-01T10:00", "ends_at": ""}, "ends_at", "This lies in the past"),
    ({"ends_at": "2030-07-01T19:30"}, "ends_at", "must end after it starts"),
    ({"ends_at": "2020-01-01T10:00"}, "ends_at", "must end after it starts"),
    ({"sales_end_at": "2030-07-02T00:00"}, "sales_end_at", "cannot go on after the event"),
    ({"sales_start_at": "2030-07-02T00:00"}, "sales_start_at", "must start before the event ends"),
    (
        {"sales_start_at": "2030-06-02T10:00", "sales_end_at": "2030-06-01T10:00"},
        "sales_end_at",
        "The sale must end after it starts",
    ),
]
BAD_TIMES = (  # the clocks of Berlin skip this time of day
    {"starts_at": "2030-03-31T02:30", "ends_at": ""},
    "starts_at",
    "couldn’t be interpreted",
)


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        *BAD,
        BAD_TIMES,
        ({"capacity": "0"}, "capacity", "greater than or equal to 1"),
        ({"capacity": "1000001"}, "capacity", "less than or equal to 1000000"),
        ({"capacity": "many"}, "capacity", "Enter a whole number"),
        ({"organiser": "nobody"}, "organiser", "is not a valid UUID"),
    ],
)
def test_a_new_event_with_bad_entries_is_not_saved(
    world: World, changes: dict[str, Any], field: str, reason: str
) -> None:
    before = Event.objects.count()
    sent = new_event(world.organiser, name="Kept title") | changes
    response = world.at("owner").post(ADD_EVENT, sent)
    assert_told_and_kept(response, sent, field, reason)
    assert Event.objects.count() == before


@pytest.mark.parametrize(("changes", "field", "reason"), BAD)
def test_a_change_with_bad_entries_is_not_saved(
    world: World, changes: dict[str, Any], field: str, reason: str
) -> None:
    before = stored(world.event)
    times = {"starts_at": "2030-07-01T19:30", "ends_at": "2030-07-01T23:00"}
    sent = entries(world.event, **times) | {"name": "Kept title"} | changes
    response = world.at("owner").post(page(world.event), sent)
    assert_told_and_kept(response, sent, field, reason)
    assert stored(world.event) == before
    assert history_of(world.event) == []


def assert_told_and_kept(response: Any, sent: dict[str, Any], field: str, reason: str) -> None:
    """The reason stands beside its field, and every field shows again what was typed."""
    assert response.status_code == 200
    form = response.context["adminform"].form
    assert reason in " ".join(form.errors[field])
    assert reason in text(response).replace("&#x27;", "'")
    shown = set(form.fields) & set(sent) - {"seen_version"}
    assert {name: str(form[name].value()) for name in shown} == {
        name: str(sent[name]) for name in shown
    }
    if sent["name"] == "Kept title":
        assert 'value="Kept title"' in text(response)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_whatever_is_in_a_name_is_shown_as_it_was_typed(world: World, name: str) -> None:
    client = world.at("owner")
    response = client.post(
        ADD_EVENT, new_event(world.organiser, name=name, venue=name, description=name), follow=True
    )
    event = Event.objects.get(name=name)
    addresses = [EVENTS, page(event), page(event, "history"), page(event, "delete")]
    addresses += [page(event, step) for step in ("publish", "capacity", "copy", "cancel")]
    addresses += ["/admin/", "/admin/history/change/"]
    pages = {address: text(client.get(address)) for address in addresses}
    pages["message after adding"] = text(response)
    changed = client.post(page(event, "publish"), follow=True)
    pages["message after the step"] = text(changed)
    pages["bookings"] = text(
        client.get("/admin/bookings/booking/", {"event__id__exact": str(event.pk)})
    )
    for address, content in pages.items():
        assert SCRIPT not in content, address
        assert "<img src=x" not in content, address
        assert "onerror='" not in content, address
    for address in (EVENTS, page(event), page(event, "history"), page(event, "publish")):
        assert escape(name) in pages[address], address


def test_a_script_in_a_form_that_is_shown_again_stays_text(world: World) -> None:
    sent = new_event(world.organiser, name=SCRIPT, venue=SCRIPT, price=SCRIPT, starts_at=SCRIPT)
    content = text(world.at("owner").post(ADD_EVENT, sent))
    assert SCRIPT not in content
    assert content.count(escape(SCRIPT)) >= 4
