"""Organisers and the members of their teams."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse

from events.models import Invitation, Membership, Organiser, Role
from events.services import invite_member
from tests.admin.world import (
    INVITE,
    MARKERS,
    MEMBERS,
    ORGANISERS,
    TEAM,
    World,
    history_of,
    page,
    stored,
    text,
    told,
)
from tests.makers import add_member, make_organiser, make_user

INVITATIONS = reverse("admin:events_invitation_changelist")
OWNERS = ("owner", "staff")
OTHERS = ("manager", "finance", "door", "viewer", "one_event", "stranger", "rival")


def member(world: World, name: str) -> Membership:
    return Membership.objects.get(organiser=world.organiser, user=world.people[name])


def offer(world: World, **changes: Any) -> dict[str, Any]:
    """What a browser sends from the form of an invitation."""
    return {
        "organiser": world.organiser.pk,
        "email": "new@example.com",
        "role": "manager",
        "only_event": "",
    } | changes


def invitation(world: World) -> Invitation:
    """One that the owner has sent."""
    return invite_member(
        organiser_id=world.organiser.pk,
        email="new@example.com",
        role=Role.DOOR,
        only_event_id=None,
        by=world.people["owner"],
        now=datetime.now(UTC),
    )


def invited(organiser: Organiser) -> dict[str, str]:
    return dict(organiser.invitations.pending().values_list("email", "role"))


def team(organiser: Organiser) -> dict[str, str]:
    return dict(organiser.memberships.values_list("user__email", "role"))


@pytest.mark.parametrize("name", [*TEAM, "one_event", "staff"])
def test_who_sees_addresses_sees_who_is_in_the_team(world: World, name: str) -> None:
    client = world.at(name)
    assert (MARKERS["organiser"] in text(client.get(ORGANISERS))) == (name == "staff")
    content = text(client.get(page(world.organiser)))
    sees = name not in {"door", "one_event"}
    for colleague in (world.people[each] for each in (*TEAM, "one_event") if each != name):
        assert (colleague.email in content) == sees
    assert ("Small Talk" in content) == sees
    assert ('name="_save"' in content) == (name in OWNERS)
    assert ("Invite somebody" in content) == (name in OWNERS)
    assert (page(member(world, "viewer")) in content) == (name in OWNERS)


@pytest.mark.parametrize("name", OWNERS)
def test_an_owner_renames_the_team(world: World, name: str) -> None:
    sent = {"name": "Blue Note Club"}
    assert world.at(name).post(page(world.organiser), sent).status_code == 302
    assert stored(world.organiser)["name"] == "Blue Note Club"
    assert history_of(world.organiser) == [
        ("name", "Blue Note", "Blue Note Club", world.people[name])
    ]


@pytest.mark.parametrize("sent", ["", "x" * 201, "a\x00b", "   "])
def test_a_team_needs_a_name(world: World, sent: str) -> None:
    response = world.at("owner").post(page(world.organiser), {"name": sent})
    assert response.status_code == 200
    assert response.context["adminform"].form.errors["name"]
    assert stored(world.organiser)["name"] == "Blue Note"


def test_who_founds_a_team_owns_it(world: World) -> None:
    world.at("viewer").post(reverse("admin:events_organiser_add"), {"name": "New team"})
    assert team(Organiser.objects.get(name="New team")) == {world.people["viewer"].email: "owner"}


@pytest.mark.parametrize("name", ["owner", "manager", "staff"])
def test_an_organiser_is_not_deleted(world: World, name: str) -> None:
    empty = make_organiser(world.people["owner"], name="Empty")
    add_member(empty, world.people["manager"], Role.MANAGER)
    address = page(empty, "delete")
    assert world.at(name).post(address, {"post": "yes"}).status_code == 403
    assert Organiser.objects.filter(pk=empty.pk).exists()


# --- Members --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OWNERS)
def test_an_owner_invites_by_address_whoever_has_an_account(world: World, name: str) -> None:
    before = team(world.organiser)
    for email in (world.people["buyer"].email.upper(), "nobody@example.com"):
        response = world.at(name).post(INVITE, offer(world, email=email))
        assert response.headers["Location"] == page(world.organiser)
    expected = {world.people["buyer"].email: "manager", "nobody@example.com": "manager"}
    assert invited(world.organiser) == expected
    assert team(world.organiser) == before
    assert {sent.to[0] for sent in mail.outbox} == set(expected)
    shown = text(world.at(name).get(page(world.organiser)))
    assert "Waiting for an answer until" in shown
    row = world.organiser.invitations.get(email="nobody@example.com")
    assert history_of(row) == [("role", None, "manager", world.people[name])]


def test_an_invitation_may_be_for_one_event_only(world: World) -> None:
    world.at("owner").post(INVITE, offer(world, role="door", only_event=world.event.pk))
    assert world.organiser.invitations.get().only_event == world.event


@pytest.mark.parametrize("name", OWNERS)
def test_an_owner_sends_an_invitation_again_and_takes_it_back(world: World, name: str) -> None:
    row, client = invitation(world), world.at(name)
    shown = text(client.get(page(world.organiser)))
    for step in ("resend", "withdraw"):
        assert page(row, step) in shown
        assert client.get(page(row, step)).status_code == 200
        response = client.post(page(row, step))
        assert response.headers["Location"] == page(world.organiser)
    assert len(mail.outbox) == 2
    assert invited(world.organiser) == {}
    listed = text(client.get(INVITATIONS))
    assert "new@example.com" in listed
    assert "Withdrawn" in listed
    gone = client.post(page(row, "resend"))
    assert gone.status_code == 409
    assert "does not stand any more" in text(gone)


@pytest.mark.parametrize("name", [*TEAM, "one_event"])
def test_who_sees_addresses_sees_who_is_invited_and_how_it_stands(world: World, name: str) -> None:
    own, foreign = invitation(world), world.foreign.invitation
    client, sees = world.at(name), name not in {"door", "one_event"}
    assert ("new@example.com" in text(client.get(INVITATIONS))) == sees
    assert MARKERS["invited"] not in text(client.get(INVITATIONS))
    assert (client.get(page(own)).status_code == 200) == sees
    assert client.get(page(foreign)).status_code == 403
    for step in ("resend", "withdraw"):
        assert client.post(page(foreign, step)).status_code == 403
        if name != "owner":
            assert client.post(page(own, step)).status_code == 403
    assert invited(world.foreign.organiser) == {MARKERS["invited"]: "manager"}


@pytest.mark.parametrize("name", OWNERS)
def test_an_owner_gives_another_role_and_removes(world: World, name: str) -> None:
    client, door = world.at(name), member(world, "door")
    response = client.post(page(door), {"role": "finance", "only_event": world.event.pk})
    assert response.headers["Location"] == page(world.organiser)
    door.refresh_from_db()
    assert (door.role, door.only_event) == ("finance", world.event)
    client.post(page(door, "delete"), {"post": "yes"})
    assert not Membership.objects.filter(pk=door.pk).exists()
    by = world.people[name]
    assert set(history_of(door)) == {
        ("role", "door", "finance", by),
        ("only_event", None, "Late Jazz", by),
        ("role", "finance", None, by),
        ("only_event", "Late Jazz", None, by),
    }


def test_somebody_stays_in_their_team_and_stays_who_they_are(world: World) -> None:
    door = member(world, "door")
    sent = offer(world, organiser=world.foreign.organiser.pk, role="viewer")
    world.at("owner").post(page(door), sent | {"user": world.people["buyer"].pk})
    door.refresh_from_db()
    assert (door.organiser, door.user) == (world.organiser, world.people["door"])
    assert door.role == "viewer"


@pytest.mark.parametrize("name", OTHERS)
def test_nobody_else_changes_a_team(world: World, name: str) -> None:
    before = team(world.organiser)
    client, door = world.at(name), member(world, "door")
    own = offer(world, email=world.people[name].email, role="owner")
    client.post(INVITE, own)
    client.post(INVITE, offer(world))
    assert invited(world.organiser) == {}
    assert client.post(page(door), {"role": "owner"}).status_code == 403
    assert client.post(page(door, "delete"), {"post": "yes"}).status_code == 403
    assert client.post(page(world.organiser), {"name": "Mine"}).status_code == 403
    assert team(world.organiser) == before
    assert stored(world.organiser)["name"] == "Blue Note"


@pytest.mark.parametrize("name", OTHERS[:5])
def test_who_owns_no_team_is_offered_no_form_for_invitations(world: World, name: str) -> None:
    assert world.at(name).get(INVITE).status_code == 403


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"email": "not an address"}, "email", "Enter a valid email address"),
        ({"email": "a\x00@example.com"}, "email", "Null characters are not allowed"),
        ({"email": "x" * 320 + "@example.com"}, "email", "An address has 254 characters at most"),
        ({"email": ""}, "email", "This field is required"),
        ({"email": "<script>alert(1)</script>"}, "email", "Enter a valid email address"),
        ({"role": "king"}, "role", "Select a valid choice"),
        ({"role": ""}, "role", "This field is required"),
        ({"organiser": "FOREIGN"}, "organiser", "Select a valid choice"),
        ({"email": "OWNER"}, "__all__", "in the team already"),
        ({"role": "owner", "only_event": "OURS"}, "only_event", "An owner looks after all events"),
        ({"only_event": "THEIRS"}, "only_event", "Select a valid choice"),
    ],
)
def test_a_bad_invitation_is_refused_beside_the_field(
    world: World, changes: dict[str, str], field: str, reason: str
) -> None:
    before = team(world.organiser)
    known = {
        "OWNER": world.people["owner"].email,
        "OURS": world.event.pk,
        "THEIRS": world.foreign.draft.pk,
        "FOREIGN": world.foreign.organiser.pk,
    }
    sent = offer(world) | {name: known.get(value, value) for name, value in changes.items()}
    response = world.at("owner").post(INVITE, sent)
    assert response.status_code == 200
    form = response.context["adminform"].form
    assert reason in " ".join(form.errors[field])
    assert form["email"].value() == sent["email"]
    assert "<script>alert(1)" not in text(response)
    assert not any(marker in text(response) for marker in MARKERS.values())
    assert team(world.organiser) == before
    assert invited(world.organiser) == {}


def test_nobody_is_put_into_a_team_without_being_asked(world: World) -> None:
    address = reverse("admin:events_membership_add")
    for name in ("owner", "staff"):
        assert world.at(name).get(address).status_code == 403
        assert world.at(name).post(address, offer(world)).status_code == 403


@pytest.mark.parametrize(
    ("view", "sent"), [("change", {"role": "viewer"}), ("delete", {"post": "yes"})]
)
def test_a_team_keeps_an_owner(world: World, view: str, sent: dict[str, str]) -> None:
    before = team(world.organiser)
    response = world.at("owner").post(page(member(world, "owner"), view), sent)
    assert "at least one owner" in text(response) + told(response)
    assert team(world.organiser) == before


# --- Completing names -----------------------------------------------------------------------------


def complete(world: World, name: str, model: str, field: str) -> Any:
    query = {"app_label": "events", "model_name": model, "field_name": field}
    return world.at(name).get(reverse("admin:autocomplete"), query)


def found(response: Any) -> set[str]:
    return {result["text"] for result in response.json()["results"]}


@pytest.mark.parametrize("name", OWNERS)
def test_completing_names_stays_inside_the_teams(world: World, name: str) -> None:
    is_staff = name == "staff"
    teams = found(complete(world, name, "event", "organiser"))
    assert teams == {"Blue Note"} | ({"Another Team", MARKERS["organiser"]} if is_staff else set())
    events = found(complete(world, name, "invitation", "only_event"))
    foreign = {MARKERS["event"], MARKERS["draft"]} if is_staff else set()
    assert events == {"Late Jazz", "Secret Plan", "Small Talk"} | foreign


@pytest.mark.parametrize("name", ["owner", "manager", "viewer", "door"])
def test_nobody_browses_people_through_a_completed_name(world: World, name: str) -> None:
    assert complete(world, name, "membership", "user").status_code == 403


def test_a_term_with_a_null_character_completes_nothing(world: World) -> None:
    query = {"app_label": "events", "model_name": "membership", "field_name": "only_event"}
    response = world.at("owner").get(reverse("admin:autocomplete"), query | {"term": "a\x00"})
    assert response.status_code < 500


@pytest.mark.parametrize("name", [*TEAM, "one_event"])
def test_the_list_of_members_is_that_of_the_own_team(world: World, name: str) -> None:
    make_organiser(make_user("Other"), name="Elsewhere")
    client = world.at(name)
    content = text(client.get(MEMBERS))
    sees = name not in {"door", "one_event"}
    assert (page(member(world, "viewer")) in content) == sees
    assert (client.get(page(member(world, "viewer"))).status_code == 200) == sees
    assert not any(marker in content for marker in MARKERS.values())
    assert "Elsewhere" not in content
