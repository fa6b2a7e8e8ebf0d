"""The admin of organisers and events, as owner, manager, viewer, stranger and staff see it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evently.accounts.models import User
from events.models import Event, Membership, Organiser, Role
from tests.makers import PASSWORD, add_member, make_booking, make_event, make_organiser, make_user

pytestmark = pytest.mark.django_db
EVENTS = reverse("admin:events_event_changelist")
ADD = reverse("admin:events_event_add")
ORGANISERS = reverse("admin:events_organiser_changelist")


@dataclass(frozen=True)
class World:
    """A team with an event, and another team's event beside it."""

    organiser: Organiser
    event: Event
    foreign: Event
    people: dict[str, User]


@pytest.fixture
def world() -> World:
    people = {name: make_user(name) for name in ("owner", "manager", "viewer", "rival", "visitor")}
    people["staff"] = make_user("staff", is_staff=True)
    organiser = make_organiser(people["owner"], name="Blue Note")
    add_member(organiser, people["manager"], Role.MANAGER)
    add_member(organiser, people["viewer"], Role.VIEWER)
    other = make_organiser(people["rival"], name="Red Door")
    return World(
        organiser=organiser,
        event=make_event(organiser, name="Ours"),
        foreign=make_event(other, name="Theirs"),
        people=people,
    )


def at(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.people[name])
    return client


def page(event: Event, view: str = "change") -> str:
    return reverse(f"admin:events_event_{view}", args=[event.pk])


def entries(event: Event, **changes: Any) -> dict[str, Any]:
    """What a browser sends from the form of this event."""
    zone = ZoneInfo(event.timezone)
    starts, ends = (instant.astimezone(zone) for instant in (event.starts_at, event.ends_at))
    return {
        "name": event.name,
        "description": event.description,
        "venue": event.venue,
        "timezone": event.timezone,
        "starts_at_0": f"{starts:%Y-%m-%d}",
        "starts_at_1": f"{starts:%H:%M:%S}",
        "ends_at_0": f"{ends:%Y-%m-%d}",
        "ends_at_1": f"{ends:%H:%M:%S}",
        "capacity": event.capacity,
        "max_per_booking": event.max_per_booking,
        "price": event.price,
        "currency": event.currency,
        "seen_version": event.version,
    } | changes


def stored(event: Event) -> dict[str, Any]:
    return dict(Event.objects.filter(pk=event.pk).values().get())


def text(response: Any) -> str:
    return str(response.content.decode())


def told(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


# --- Coming in ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["owner", "manager", "viewer", "staff"])
def test_members_and_staff_come_in(world: World, name: str) -> None:
    assert at(world, name).get(reverse("admin:index")).status_code == 200


def test_a_visitor_is_refused_and_told_why(world: World) -> None:
    response = at(world, "visitor").get(EVENTS, follow=True)
    assert response.status_code == 403


def test_a_stranger_logs_in_where_everybody_does(world: World) -> None:
    client = Client()
    response = client.get(EVENTS, follow=True)
    login = reverse("account_login")
    assert response.redirect_chain[-1][0].startswith(login)
    assert client.get(reverse("admin:login")).headers["Location"].startswith(login)
    response = client.post(
        response.redirect_chain[-1][0],
        {"login": world.people["owner"].email, "password": PASSWORD},
    )
    assert response.headers["Location"] == EVENTS


def test_the_admin_has_no_log_in_of_its_own_to_guess_at(world: World) -> None:
    client = Client()
    credentials = {"username": world.people["staff"].email, "password": PASSWORD}
    response = client.post(reverse("admin:login"), credentials)
    assert response.headers["Location"].startswith(reverse("account_login"))
    assert "_auth_user_id" not in client.session


def test_who_left_every_team_is_out(world: World) -> None:
    Membership.objects.filter(user=world.people["viewer"]).delete()
    assert at(world, "viewer").get(EVENTS, follow=True).status_code == 403


# --- Seeing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("owner", {"Ours"}),
        ("manager", {"Ours"}),
        ("viewer", {"Ours"}),
        ("rival", {"Theirs"}),
        ("staff", {"Ours", "Theirs"}),
    ],
)
def test_lists_hold_the_own_teams_events(world: World, name: str, seen: set[str]) -> None:
    client = at(world, name)
    for address in (EVENTS, EVENTS + "?q=e", EVENTS + "?status__exact=published"):
        content = text(client.get(address))
        assert {event for event in ("Ours", "Theirs") if f">{event}<" in content} >= seen - {"Ours"}
        assert ("Theirs" in content) == ("Theirs" in seen)
        assert ("Red Door" in content) == ("Theirs" in seen)
    assert f">{min(seen)}<" in text(client.get(EVENTS))


@pytest.mark.parametrize("view", ["change", "history", "delete"])
@pytest.mark.parametrize("name", ["owner", "manager", "viewer"])
def test_another_teams_event_is_forbidden(world: World, name: str, view: str) -> None:
    before = stored(world.foreign)
    client = at(world, name)
    address = page(world.foreign, view)
    assert client.get(address).status_code == 403
    assert client.post(address, entries(world.foreign, name="Mine")).status_code == 403
    assert client.post(address, {"post": "yes"}).status_code == 403
    assert stored(world.foreign) == before


def test_what_never_was_is_refused_like_what_is_not_ours(world: World) -> None:
    address = reverse("admin:events_event_change", args=[UUID(int=1)])
    assert at(world, "owner").get(address).status_code == 403


@pytest.mark.parametrize("name", ["owner", "manager", "viewer", "staff"])
def test_the_event_page_shows_seats_that_add_up(world: World, name: str) -> None:
    make_booking(world.event, quantity=3)
    content = text(at(world, name).get(page(world.event)))
    assert "97 available + 3 confirmed + 0 held + 0 offered = 100, the capacity." in content


def test_the_event_page_says_when_seats_do_not_add_up(world: World) -> None:
    Event.objects.filter(pk=world.event.pk).update(available_seats=90)
    assert "but the capacity is 100" in text(at(world, "owner").get(page(world.event)))


def test_a_list_takes_as_many_queries_for_many_events(world: World) -> None:
    client = at(world, "owner")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(EVENTS).status_code == 200
        return len(captured)

    make_booking(world.event)
    few = queries()
    for number in range(20):
        make_booking(make_event(world.organiser, name=f"Event {number}"))
    assert queries() == few <= 15


def test_times_are_shown_in_the_events_own_zone(world: World) -> None:
    Event.objects.filter(pk=world.event.pk).update(
        starts_at=datetime(2030, 7, 1, 17, 30, tzinfo=UTC),
        ends_at=datetime(2030, 7, 1, 20, 0, tzinfo=UTC),
        timezone="Europe/Berlin",
    )
    client = at(world, "owner")
    assert "2030-07-01 19:30 Europe/Berlin" in text(client.get(EVENTS))
    assert 'value="19:30:00"' in text(client.get(page(world.event)))


# --- Changing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["owner", "manager", "staff"])
def test_editors_change_an_event(world: World, name: str) -> None:
    changes = {"name": "Renamed", "capacity": 120, "price": "25.50"}
    response = at(world, name).post(page(world.event), entries(world.event, **changes))
    assert response.status_code == 302
    after = stored(world.event)
    assert (after["name"], after["capacity"], after["available_seats"]) == ("Renamed", 120, 120)
    assert (after["price"], after["edited_version"]) == (Decimal("25.50"), after["version"])
    assert after["starts_at"] == world.event.starts_at.replace(microsecond=0)
    entry = LogEntry.objects.get(object_id=str(world.event.pk))
    assert entry.user == world.people[name]


def test_the_form_carries_the_version_that_was_read(world: World) -> None:
    make_booking(world.event)
    shown = at(world, "owner").get(page(world.event)).context["adminform"].form
    assert shown["seen_version"].value() == stored(world.event)["version"] > 1
    assert shown["seen_version"].is_hidden


def test_a_viewer_changes_nothing(world: World) -> None:
    before = stored(world.event)
    client = at(world, "viewer")
    assert 'name="_save"' not in text(client.get(page(world.event)))
    assert client.post(page(world.event), entries(world.event, name="X")).status_code == 403
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, entries(world.event)).status_code == 403
    assert client.post(page(world.event, "delete"), {"post": "yes"}).status_code == 403
    assert 'value="publish"' not in text(client.get(EVENTS))
    act(client, "cancel", world.event, confirmed="yes")
    assert stored(world.event) == before
    assert Event.objects.count() == 2


def test_times_are_entered_in_the_events_own_zone(world: World) -> None:
    changes = {
        "timezone": "America/New_York",
        "starts_at_0": "2030-07-01",
        "starts_at_1": "19:30",
        "ends_at_0": "2030-07-01",
        "ends_at_1": "22:00",
    }
    at(world, "owner").post(page(world.event), entries(world.event, **changes))
    after = stored(world.event)
    assert after["starts_at"] == datetime(2030, 7, 1, 23, 30, tzinfo=UTC)
    assert after["timezone"] == "America/New_York"


def test_the_second_of_two_editors_is_told_and_loses_nothing(world: World) -> None:
    form = entries(world.event, name="Second", venue="Attic")
    first = entries(world.event, name="First")
    at(world, "manager").post(page(world.event), first)
    before = stored(world.event)
    client = at(world, "owner")
    response = client.post(page(world.event), form)
    content = text(response)
    assert response.status_code == 200
    assert "Somebody else changed this event" in content
    assert 'value="Second"' in content
    assert 'value="Attic"' in content
    assert "Stored now: First" in content
    assert stored(world.event) == before
    # Having seen it, the editor decides.
    shown = response.context["adminform"].form["seen_version"].value()
    client.post(page(world.event), form | {"seen_version": shown})
    assert stored(world.event)["name"] == "Second"


def test_a_sale_meanwhile_is_no_other_editor(world: World) -> None:
    form = entries(world.event, name="Renamed")
    make_booking(world.event)
    at(world, "owner").post(page(world.event), form)
    assert stored(world.event)["name"] == "Renamed"


@pytest.mark.parametrize("version", ["", "0", "999"])
def test_a_form_without_a_true_version_is_refused(world: World, version: str) -> None:
    before = stored(world.event)
    form = entries(world.event, name="Blind", seen_version=version)
    response = at(world, "owner").post(page(world.event), form)
    assert "Somebody else changed this event" in text(response)
    assert stored(world.event) == before


def test_a_capacity_below_the_taken_seats_shows_the_three_numbers(world: World) -> None:
    make_booking(world.event, quantity=7)
    world.event.refresh_from_db()
    before = stored(world.event)
    form = entries(world.event, capacity=5, name="Smaller")
    content = text(at(world, "owner").post(page(world.event), form))
    assert "7 confirmed, 0 held, 0 offered" in content
    assert 'value="Smaller"' in content
    assert stored(world.event) == before


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ends_at_0": "2020-01-01"}, "must end after it starts"),
        ({"timezone": "Mars/Base"}, "Select a valid choice"),
        ({"currency": "XXQ"}, "Select a valid choice"),
        ({"price": "-1"}, "greater than or equal to 0"),
        ({"capacity": "0"}, "greater than or equal to 1"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_wrong_entries_stand_beside_their_field(
    world: World, changes: dict[str, Any], reason: str
) -> None:
    before = stored(world.event)
    response = at(world, "owner").post(page(world.event), entries(world.event, **changes))
    assert reason in text(response)
    assert stored(world.event) == before


def test_an_event_in_the_past_is_refused_by_the_service(world: World) -> None:
    before = stored(world.event)
    past = {"starts_at_0": "2020-01-01", "ends_at_0": "2020-01-02"}
    response = at(world, "owner").post(page(world.event), entries(world.event, **past))
    assert "This lies in the past" in text(response)
    assert stored(world.event) == before


def test_typed_in_counters_count_nothing(world: World) -> None:
    form = entries(world.event, available_seats=5, status="completed", edited_version=9)
    form |= {"organiser": world.foreign.organiser_id, "import_uid": "x"}
    at(world, "owner").post(page(world.event), form)
    after = stored(world.event)
    assert (after["available_seats"], after["status"]) == (100, "published")
    assert (after["organiser_id"], after["import_uid"]) == (world.organiser.pk, None)


@pytest.mark.parametrize("status", ["cancelled", "completed"])
def test_a_closed_event_is_only_looked_at(world: World, status: str) -> None:
    Event.objects.filter(pk=world.event.pk).update(status=status)
    before = stored(world.event)
    client = at(world, "owner")
    assert 'name="_save"' not in text(client.get(page(world.event)))
    assert client.post(page(world.event), entries(world.event, name="X")).status_code == 403
    assert stored(world.event) == before


# --- Adding and deleting --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["owner", "manager", "staff"])
@pytest.mark.parametrize(("publish", "status"), [({}, "draft"), ({"publish": "on"}, "published")])
def test_editors_add_an_event(
    world: World, name: str, publish: dict[str, str], status: str
) -> None:
    form = entries(world.event, name="New", organiser=world.organiser.pk) | publish
    del form["seen_version"]
    response = at(world, name).post(ADD, form)
    assert response.status_code == 302
    event = Event.objects.get(name="New")
    assert (event.organiser, event.status) == (world.organiser, status)
    assert (event.capacity, event.available_seats) == (100, 100)
    assert str(event.pk) == LogEntry.objects.get().object_id


def test_members_add_events_to_their_own_teams_only(world: World) -> None:
    client = at(world, "manager")
    content = text(client.get(ADD))
    assert f'value="{world.organiser.pk}" selected' in content
    assert "Red Door" not in content
    form = entries(world.event, name="New", organiser=world.foreign.organiser_id)
    assert "Select a valid choice" in text(client.post(ADD, form))
    assert Event.objects.count() == 2


def test_a_team_in_which_a_person_only_looks_on_is_no_choice(world: World) -> None:
    add_member(world.foreign.organiser, world.people["manager"], Role.VIEWER)
    assert "Red Door" not in text(at(world, "manager").get(ADD))


@pytest.mark.parametrize("name", ["owner", "manager", "staff"])
def test_editors_delete_an_event_that_nobody_booked(world: World, name: str) -> None:
    client = at(world, name)
    assert client.get(page(world.event, "delete")).status_code == 200
    client.post(page(world.event, "delete"), {"post": "yes"})
    assert not Event.objects.filter(pk=world.event.pk).exists()
    assert LogEntry.objects.filter(object_id=str(world.event.pk)).count() == 1


def test_an_event_with_bookings_is_not_deleted(world: World) -> None:
    make_booking(world.event)
    before = stored(world.event)
    response = at(world, "owner").post(page(world.event, "delete"), {"post": "yes"})
    assert "Cancel it instead" in told(response)
    assert stored(world.event) == before
    assert not LogEntry.objects.exists()


# --- Actions --------------------------------------------------------------------------------------


def act(client: Client, action: str, *events: Event, **more: str) -> HttpResponse:
    data = {"action": action, "_selected_action": [str(event.pk) for event in events]} | more
    return client.post(EVENTS, data)  # type: ignore[return-value]


@pytest.mark.parametrize("name", ["owner", "manager", "staff"])
def test_editors_publish(world: World, name: str) -> None:
    draft = make_event(world.organiser, status="draft")
    response = act(at(world, name), "publish", draft, world.event)
    assert stored(draft)["status"] == "published"
    assert "Published: 1." in told(response)
    assert LogEntry.objects.get().object_id == str(draft.pk)
    assert "cannot become published" in told(response)


@pytest.mark.parametrize("name", ["owner", "manager", "staff"])
def test_editors_cancel_after_a_question(world: World, name: str) -> None:
    client = at(world, name)
    assert "for good?" in text(act(client, "cancel", world.event))
    assert stored(world.event)["status"] == "published"
    act(client, "cancel", world.event, confirmed="yes")
    assert stored(world.event)["status"] == "cancelled"


def test_events_are_not_deleted_past_the_service(world: World) -> None:
    client = at(world, "owner")
    assert "delete_selected" not in text(client.get(EVENTS))
    act(client, "delete_selected", world.event, post="yes")
    assert Event.objects.filter(pk=world.event.pk).exists()


@pytest.mark.parametrize("action", ["publish", "cancel", "delete_selected"])
@pytest.mark.parametrize("name", ["owner", "manager", "viewer"])
def test_actions_do_not_reach_another_teams_events(world: World, name: str, action: str) -> None:
    Event.objects.filter(pk=world.foreign.pk).update(
        status="draft" if action == "publish" else "published"
    )
    before = stored(world.foreign)
    act(at(world, name), action, world.foreign, confirmed="yes", post="yes")
    act(at(world, name), action, world.foreign, confirmed="yes", post="yes", select_across="1")
    assert stored(world.foreign) == before


def test_actions_of_an_editor_elsewhere_do_not_reach_where_they_only_look_on(world: World) -> None:
    add_member(world.foreign.organiser, world.people["manager"], Role.VIEWER)
    before = stored(world.foreign)
    response = act(at(world, "manager"), "cancel", world.foreign, confirmed="yes")
    assert "may not do this" in told(response)
    assert stored(world.foreign) == before


# --- Organisers and members -----------------------------------------------------------------------


def team_form(organiser: Organiser, *rows: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The form of a team; each row is an existing member (`id`) or a new one (`email`)."""
    form: dict[str, Any] = {
        "name": organiser.name,
        "memberships-TOTAL_FORMS": len(rows),
        "memberships-INITIAL_FORMS": sum("id" in row for row in rows),
    }
    for number, row in enumerate(rows):
        form |= {f"memberships-{number}-{field}": value for field, value in row.items()}
        form[f"memberships-{number}-organiser"] = organiser.pk
    return form | changes


def members(organiser: Organiser) -> dict[str, str]:
    return dict(organiser.memberships.values_list("user__email", "role"))


def rows_of(organiser: Organiser) -> list[dict[str, Any]]:
    team = organiser.memberships.order_by("user__email")
    return [{"id": member.pk, "role": member.role} for member in team]


def team_page(organiser: Organiser) -> str:
    return reverse("admin:events_organiser_change", args=[organiser.pk])


@pytest.mark.parametrize("name", ["owner", "manager", "viewer", "staff"])
def test_everybody_in_a_team_sees_the_team(world: World, name: str) -> None:
    client = at(world, name)
    assert ("Red Door" in text(client.get(ORGANISERS))) == (name == "staff")
    content = text(client.get(team_page(world.organiser)))
    assert 'name="_save"' in content or name in {"manager", "viewer"}
    assert client.get(team_page(world.foreign.organiser)).status_code == (
        200 if name == "staff" else 403
    )


@pytest.mark.parametrize("name", ["owner", "staff"])
def test_an_owner_adds_a_member_by_address(world: World, name: str) -> None:
    visitor = world.people["visitor"]
    new = {"email": visitor.email.upper(), "role": "manager"}
    form = team_form(world.organiser, *rows_of(world.organiser), new, name="Blue Note Club")
    response = at(world, name).post(team_page(world.organiser), form)
    assert response.status_code == 302
    assert members(world.organiser)[visitor.email] == "manager"
    assert Organiser.objects.get(pk=world.organiser.pk).name == "Blue Note Club"


@pytest.mark.parametrize("name", ["manager", "viewer", "rival", "visitor"])
def test_nobody_else_changes_a_team(world: World, name: str) -> None:
    before = members(world.organiser)
    new = {"email": world.people[name].email, "role": "owner"}
    form = team_form(world.organiser, *rows_of(world.organiser), new)
    client = at(world, name)
    assert client.post(team_page(world.organiser), form, follow=True).status_code == 403
    assert members(world.organiser) == before


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ({"email": "nobody@example.com", "role": "viewer"}, "no account with this address"),
        ({"email": "OWNER", "role": "viewer"}, "listed twice"),
    ],
)
def test_a_new_member_needs_an_account_and_one_role(
    world: World, new: dict[str, str], reason: str
) -> None:
    before = members(world.organiser)
    if new["email"] == "OWNER":
        new = new | {"email": world.people["owner"].email}
    form = team_form(world.organiser, *rows_of(world.organiser), new)
    assert reason in text(at(world, "owner").post(team_page(world.organiser), form))
    assert members(world.organiser) == before


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"DELETE": "on"}])
def test_a_team_keeps_an_owner(world: World, change: dict[str, str]) -> None:
    before = members(world.organiser)
    rows = [row | change if row["role"] == "owner" else row for row in rows_of(world.organiser)]
    form = team_form(world.organiser, *rows)
    assert "at least one owner" in text(at(world, "owner").post(team_page(world.organiser), form))
    assert members(world.organiser) == before


def test_who_founds_a_team_owns_it(world: World) -> None:
    client = at(world, "viewer")
    client.post(reverse("admin:events_organiser_add"), {"name": "New team"})
    assert members(Organiser.objects.get(name="New team")) == {
        world.people["viewer"].email: "owner"
    }


@pytest.mark.parametrize(("name", "status"), [("owner", 403), ("manager", 403), ("staff", 302)])
def test_only_staff_delete_an_organiser(world: World, name: str, status: int) -> None:
    empty = make_organiser(world.people["owner"], name="Empty")
    add_member(empty, world.people["manager"], Role.MANAGER)
    address = reverse("admin:events_organiser_delete", args=[empty.pk])
    assert at(world, name).post(address, {"post": "yes"}).status_code == status
    assert Organiser.objects.filter(pk=empty.pk).exists() == (status == 403)


@pytest.mark.parametrize(
    ("name", "found"), [("owner", {"Blue Note"}), ("staff", {"Blue Note", "Red Door"})]
)
def test_completing_an_organisers_name_stays_inside_the_teams(
    world: World, name: str, found: set[str]
) -> None:
    query = {"app_label": "events", "model_name": "event", "field_name": "organiser"}
    response = at(world, name).get(reverse("admin:autocomplete"), query)
    assert {result["text"] for result in response.json()["results"]} == found


@pytest.mark.parametrize("name", ["owner", "manager", "viewer"])
def test_nobody_browses_people_through_a_completed_name(world: World, name: str) -> None:
    query = {"app_label": "events", "model_name": "membership", "field_name": "user"}
    assert at(world, name).get(reverse("admin:autocomplete"), query).status_code == 403


# --- People ---------------------------------------------------------------------------------------

PEOPLE = reverse("admin:accounts_user_changelist")


def person_page(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


@pytest.mark.parametrize("name", ["owner", "manager", "viewer"])
def test_members_see_no_list_of_people(world: World, name: str) -> None:
    client = at(world, name)
    for address in (PEOPLE, person_page(world.people["visitor"]), person_page(world.people[name])):
        assert client.get(address).status_code == 403
    assert PEOPLE not in text(client.get(reverse("admin:index")))


def test_staff_look_after_people_but_hand_out_no_rights(world: World) -> None:
    visitor = world.people["visitor"]
    form = {"email": "New@Example.com", "name": "New", "is_active": "on"}
    form |= {"is_staff": "on", "is_superuser": "on"}
    client = at(world, "staff")
    assert visitor.email in text(client.get(PEOPLE + "?q=visitor"))
    assert client.post(person_page(visitor), form).status_code == 302
    visitor.refresh_from_db()
    assert (visitor.email, visitor.name) == ("new@example.com", "New")
    assert (visitor.is_staff, visitor.is_superuser) == (False, False)


def test_staff_do_not_touch_staff(world: World) -> None:
    boss = make_user("Boss", is_staff=True, is_superuser=True)
    client = at(world, "staff")
    for user in (boss, world.people["staff"]):
        password = reverse("admin:auth_user_password_change", args=[user.pk])
        assert client.post(person_page(user), {"email": "mine@example.com"}).status_code == 403
        assert client.get(password).status_code == 403
        assert (
            client.post(
                reverse("admin:accounts_user_delete", args=[user.pk]), {"post": "yes"}
            ).status_code
            == 403
        )


def test_a_superuser_hands_out_rights(world: World) -> None:
    boss = make_user("Boss", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(boss)
    visitor = world.people["visitor"]
    form = {"email": visitor.email, "name": "Vi", "is_active": "on", "is_staff": "on"}
    client.post(person_page(visitor), form)
    visitor.refresh_from_db()
    assert visitor.is_staff


def test_staff_add_a_person(world: World) -> None:
    form = {"email": "Made@Example.com", "name": "Made", "usable_password": "false"}
    response = at(world, "staff").post(reverse("admin:accounts_user_add"), form)
    assert response.status_code == 302
    assert not User.objects.get(email="made@example.com").has_usable_password()
