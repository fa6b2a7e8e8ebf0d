"""`manage.py cache`."""

import re
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache, caches
from django.core.management import CommandError, call_command
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from evently.caching import find_result, lists
from tests.caches.site import Site, until
from tests.makers import make_booking, make_event

pytestmark = pytest.mark.django_db


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    call_command("cache", *words)
    return capsys.readouterr().out


def fill() -> None:
    caches["results"].clear()  # what earlier tests counted
    generation, _ = lists.find("a")
    lists.keep("a", generation, [1])
    find_result("b", lambda: 2)
    cache.set("session", "of somebody")


def held() -> tuple[Any, Any, Any]:
    return lists.find("a")[1], caches["results"].get("b"), cache.get("session")


def test_it_tells_what_the_layers_hold(capsys: pytest.CaptureFixture[str]) -> None:
    fill()
    lines = run(capsys, "stats").splitlines()
    assert lines[0].startswith("l1: up to 64 MB in each server process")
    assert lines[1] == "l2: 2 keys"
    assert lines[2].startswith("l3: 1 results")


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["--layer", "l1"], ([1], 2, "of somebody")),
        (["--layer", "l2"], (None, 2, "of somebody")),
        (["--layer", "l3"], ([1], None, "of somebody")),
        ([], (None, None, "of somebody")),
    ],
)
def test_each_layer_is_emptied_by_itself(
    words: list[str], left: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sessions are no part of it."""
    fill()
    run(capsys, "flush", *words)
    assert held() == left


def test_an_unknown_layer_is_refused() -> None:
    with pytest.raises(CommandError, match="l4"):
        call_command("cache", "flush", "--layer", "l4")


def test_what_is_switched_off_is_said_to_be(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.EDGE_CACHE = settings.L2_CACHE = settings.L3_CACHE = False
    settings.CACHES = settings.CACHES | dict.fromkeys(("lists", "results"), settings.NO_CACHE)
    assert run(capsys, "stats").splitlines() == ["l1: off", "l2: off", "l3: off"]
    assert "l2: off" in run(capsys, "flush")


async def test_a_flush_reaches_the_server_processes(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    await site.ask("/")
    told = await sync_to_async(run)(capsys, "flush", "--layer", "l1")
    # Others may listen on the same Redis: the server of the browser tests, for one.
    assert re.fullmatch(r"l1: [1-9]\d* server processes told\n", told)
    await until(lambda: len(site.application._shelf) == 0)
    await site.ask("/")
    assert len(site.asked) == 2


def test_seat_counts_are_right_with_every_layer_off(api: APIClient, settings: Settings) -> None:
    settings.CACHES = settings.CACHES | dict.fromkeys(("lists", "results"), settings.NO_CACHE)
    event = make_event(capacity=9)
    for left in (7, 5, 3):
        make_booking(event, quantity=2)
        [listed] = api.get(reverse("events")).data["results"]
        [popular] = api.get(reverse("popular-events")).data
        shown = api.get(reverse("event", args=[event.pk])).data
        assert {row["available_seats"] for row in (listed, popular, shown)} == {left}
