"""Waitlists in the admin: who waits and why, what is done with them, and what each role may."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from bookings.models import Booking
from events.models import Event
from tests.admin.world import EDITORS, TEAM, World, act, history_of, page, stored, text, told
from tests.makers import make_user
from tests.waitlist.people import (
    cancel_one,
    is_sound,
    kept_seats,
    make_entry,
    make_full_event,
    offer_of,
    set_line,
    status_of,
)
from waitlist.models import Entry, Offer, Standing, Tier, Waitlist
from waitlist.services import move_entry

LINES = reverse("admin:waitlist_entry_changelist")
LOOKERS_ON = ("finance", "door", "viewer")
STEPS = ("offer", "withdraw", "extend", "move", "tier", "remove")


def line_of(event: Event, **more: str) -> tuple[str, dict[str, str]]:
    return LINES, {"event__id__exact": str(event.pk), **more}


def full(world: World, **fields: Any) -> Event:
    return make_full_event(world.organiser, **fields)


def places(content: str, *names: str) -> list[int]:
    return [content.index(name) for name in names]


# --- The list ---------------------------------------------------------------------------------


def test_a_line_is_shown_in_true_order_with_tiers_and_their_reasons(world: World) -> None:
    event = full(world)
    for name, tier in (("Nora Newer", None), ("Gil Goldman", Tier.GOLD), ("Stan Usual", None)):
        make_entry(event, make_user(name, email=f"{name[:3]}@x.example"), tier=tier)
    stan = Entry.objects.get(user__name="Stan Usual")
    owner, now = world.people["owner"], datetime.now(UTC)
    move_entry(entry_id=stan.pk, by=owner, tier=Tier.PREMIUM, reason="Sat behind a pillar", now=now)
    content = text(world.at("owner").get(*line_of(event)))
    order = places(content, "Stan Usual", "Gil Goldman", "Nora Newer")
    assert order == sorted(order)
    assert "Sat behind a pillar" in content
    assert places(content, "Premium", "Gold", "Standard") == sorted(
        places(content, "Premium", "Gold", "Standard")
    )


def test_who_does_not_wait_any_more_is_shown_when_asked_for(world: World) -> None:
    event = full(world)
    entry = make_entry(event, make_user("Lea Lefty", email="lea@x.example"))
    world.at("owner").post(page(entry, "remove"), {"reason": "Asked for it"})
    client = world.at("owner")
    assert "Lea Lefty" not in text(client.get(*line_of(event)))
    for state in ("over", "all"):
        assert "Lea Lefty" in text(client.get(*line_of(event, state=state)))


def test_the_line_of_one_event_stands_below_its_figures(world: World) -> None:
    event = full(world, capacity=2)
    for quantity in (1, 2):
        make_entry(event, quantity=quantity)
    cancel_one(event)
    content = " ".join(text(world.at("viewer").get(*line_of(event))).split())
    assert "<dt>People waiting</dt> <dd> 1 </dd>" in content
    assert "<dt>Offered now</dt> <dd> 1 </dd>" in content
    assert "Rules and pause" not in content
    assert "Rules and pause" in text(world.at("owner").get(*line_of(event)))


@pytest.mark.parametrize("name", TEAM)
def test_every_member_looks_at_the_teams_lines_and_sees_no_addresses(
    world: World, name: str
) -> None:
    entry = make_entry(full(world), make_user("Wanda Waits", email="wanda@secret.example"))
    for address in (LINES, page(entry)):
        content = text(world.at(name).get(address))
        assert "Wanda Waits" in content
        assert "wanda@secret.example" not in content


def test_the_page_of_one_person_tells_all_in_words(world: World) -> None:
    entry = make_entry(full(world, capacity=3), quantity=2, part_is_fine=True)
    content = text(world.at("owner").get(page(entry)))
    for words in ("2 seats or fewer", "Standard", ">Waiting<", "Berlin time"):
        assert words in " ".join(content.split()).replace("> ", ">").replace(" <", "<")


def test_people_are_found_by_their_names(world: World) -> None:
    event = full(world)
    for name in ("Wanda Waits", "Carl Counts"):
        make_entry(event, make_user(name, email=f"{name[:4]}@x.example"))
    content = text(world.at("owner").get(LINES, {"q": "wand"}))
    assert "Wanda Waits" in content
    assert "Carl Counts" not in content


def test_a_long_line_takes_few_queries(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    event = full(world)
    for _ in range(12):
        make_entry(event, tier=Tier.SILVER)
    client = world.at("owner")
    with django_assert_max_num_queries(22):
        client.get(*line_of(event))


# --- What is done with one person -------------------------------------------------------------


def steps_shown(world: World, entry: Entry, name: str = "owner") -> set[str]:
    content = text(world.at(name).get(page(entry)))
    return {step for step in STEPS if f'href="{page(entry, step)}"' in content}


def test_only_the_steps_that_fit_are_shown_and_none_to_those_who_look_on(world: World) -> None:
    event = full(world)
    entry = make_entry(event)
    assert steps_shown(world, entry) == {"offer", "move", "tier", "remove"}
    cancel_one(event)
    assert steps_shown(world, entry) == {"withdraw", "extend", "tier", "remove"}
    for name in LOOKERS_ON:
        assert steps_shown(world, entry, name) == set()


@pytest.mark.parametrize("name", LOOKERS_ON)
@pytest.mark.parametrize("step", STEPS)
def test_who_looks_on_takes_no_step(world: World, name: str, step: str) -> None:
    entry = make_entry(full(world))
    before = stored(entry)
    sent = {"reason": "No", "tier": "200", "minutes": "5"}
    assert world.at(name).post(page(entry, step), sent).status_code == 403
    assert stored(entry) == before
    assert not Standing.objects.exists()


@pytest.mark.parametrize("name", EDITORS)
def test_an_offer_by_hand_takes_kept_seats_whoever_stands_ahead(world: World, name: str) -> None:
    event = full(world)
    set_line(event, is_paused=True)
    first, second = make_entry(event), make_entry(event)
    cancel_one(event)
    assert kept_seats(event) == 1
    client = world.at(name)
    assert "Free now: 1 seat." in text(client.get(page(second, "offer")))
    answer = client.post(page(second, "offer"))
    assert "is offered 1 seat" in told(answer)
    assert (status_of(first), status_of(second)) == ("waiting", "offered")
    assert offer_of(second).is_by_hand
    assert is_sound(event)


def test_an_offer_by_hand_without_seats_says_why_not(world: World) -> None:
    entry = make_entry(full(world))
    answer = world.at("owner").post(page(entry, "offer"))
    assert answer.status_code == 409
    assert "This event is sold out." in text(answer)
    assert status_of(entry) == "waiting"


def test_an_offer_is_given_more_time(world: World) -> None:
    event = full(world)
    entry = make_entry(event)
    cancel_one(event)
    before = offer_of(entry).expires_at
    answer = world.at("owner").post(page(entry, "extend"), {"minutes": "25"})
    assert offer_of(entry).expires_at == before + timedelta(minutes=25)
    assert "stands until" in told(answer)


@pytest.mark.parametrize("minutes", ["0", "", "x", "999999"])
def test_a_senseless_time_is_refused(world: World, minutes: str) -> None:
    event = full(world)
    entry = make_entry(event)
    cancel_one(event)
    before = offer_of(entry).expires_at
    assert world.at("owner").post(page(entry, "extend"), {"minutes": minutes}).status_code == 409
    assert offer_of(entry).expires_at == before


def test_an_offer_is_withdrawn_and_its_seats_are_kept_while_paused(world: World) -> None:
    event = full(world)
    entry = make_entry(event)
    cancel_one(event)
    set_line(event, is_paused=True)
    world.at("owner").post(page(entry, "withdraw"))
    assert status_of(entry) == "waiting"
    assert Offer.objects.get().status == Offer.Status.WITHDRAWN
    assert kept_seats(event) == 1
    assert is_sound(event)


def test_moving_needs_a_reason_and_is_kept_in_the_history(world: World) -> None:
    entry = make_entry(full(world))
    client = world.at("owner")
    refused = client.post(page(entry, "move"), {"tier": "150", "reason": " "})
    assert refused.status_code == 409
    assert stored(entry)["tier"] == Tier.STANDARD
    client.post(page(entry, "move"), {"tier": "150", "reason": "Came from far"})
    owner = world.people["owner"]
    assert stored(entry)["tier"] == Tier.GOLD
    assert history_of(entry) == [
        ("tier", 100, 150, owner),
        ("reason", None, "Came from far", owner),
    ]
    assert "Came from far" in text(client.get(page(entry, "history")))


def test_a_persons_tier_counts_when_they_join_next(world: World) -> None:
    event, user = full(world), make_user()
    entry = make_entry(event, user)
    client = world.at("owner")
    answer = client.post(page(entry, "tier"), {"tier": "200", "reason": "Founding member"})
    assert "has the tier Premium now" in told(answer)
    assert stored(entry)["tier"] == Tier.STANDARD
    later = make_entry(full(world), user)
    assert later.tier == Tier.PREMIUM
    assert "Founding member" in text(client.get(page(later)))


def test_who_works_for_one_event_sets_no_tier_for_all_of_them(world: World) -> None:
    Event.objects.filter(pk=world.aside.pk).update(capacity=2, available_seats=0)
    entry = make_entry(world.aside)
    answer = world.at("one_event").post(page(entry, "tier"), {"tier": "200", "reason": "Friend"})
    assert answer.status_code == 409
    assert not Standing.objects.exists()


def test_removing_needs_a_reason_and_the_seats_go_on(world: World) -> None:
    event = full(world)
    first, second = make_entry(event), make_entry(event)
    cancel_one(event)
    client = world.at("manager")
    assert client.post(page(first, "remove"), {"reason": ""}).status_code == 409
    assert status_of(first) == "offered"
    client.post(page(first, "remove"), {"reason": "Wrong name"})
    assert (status_of(first), status_of(second)) == ("removed", "offered")
    assert history_of(first)[-1][1:] == (None, "Wrong name", world.people["manager"])


def test_seats_are_offered_by_hand_to_several_at_once(world: World) -> None:
    event = full(world, capacity=2)
    set_line(event, is_paused=True)
    entries = [make_entry(event) for _ in range(3)]
    cancel_one(event)
    cancel_one(event)
    answer = act(world.at("owner"), LINES, "offer", *entries[1:])
    assert "Offered: 2." in told(answer)
    assert [status_of(entry) for entry in entries] == ["waiting", "offered", "offered"]


# --- The rules --------------------------------------------------------------------------------


def rules_page(event: Event) -> str:
    return page(event, "waitlist")


@pytest.mark.parametrize("name", EDITORS)
def test_the_rules_are_set_on_the_events_page(world: World, name: str) -> None:
    event, client = full(world), world.at(name)
    assert rules_page(event) in text(client.get(page(event)))
    sent = {"is_paused": "on", "offer_minutes": "1.5", "gather_minutes": "0.25"}
    answer = client.post(rules_page(event), sent)
    assert "has these rules now" in told(answer)
    line = Waitlist.objects.get(pk=event.pk)
    assert (line.is_paused, line.offer_minutes, line.gather_minutes) == (True, 90, 15)
    shown = text(client.get(rules_page(event)))
    assert 'value="1.5"' in shown
    assert 'value="0.25"' in shown
    assert "Hours to accept an offer" in shown
    assert "others buy them before there are enough" in shown


def test_pausing_keeps_what_comes_and_going_on_offers_it(world: World) -> None:
    event, client = full(world), world.at("owner")
    entry = make_entry(event)
    client.post(rules_page(event), {"is_paused": "on", "offer_minutes": 24, "gather_minutes": 0})
    cancel_one(event)
    assert status_of(entry) == "waiting"
    client.post(rules_page(event), {"offer_minutes": 24, "gather_minutes": 0})
    assert status_of(entry) == "offered"
    assert not Booking.objects.live().filter(event=event).exists()


def test_senseless_rules_are_refused_beside_their_fields(world: World) -> None:
    event, client = full(world), world.at("owner")
    answer = client.post(rules_page(event), {"offer_minutes": "0.1", "gather_minutes": "-1"})
    assert answer.status_code == 409
    assert not Waitlist.objects.filter(pk=event.pk).exists()


@pytest.mark.parametrize("name", LOOKERS_ON)
def test_who_looks_on_sets_no_rules(world: World, name: str) -> None:
    event = full(world)
    for method in ("get", "post"):
        answer = getattr(world.at(name), method)(rules_page(event), {"offer_minutes": "30"})
        assert answer.status_code == 403
    assert not Waitlist.objects.filter(pk=event.pk).exists()
