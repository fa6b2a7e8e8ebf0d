"""Finding events by words: the same whatever their spelling and the locale of the database."""

import unicodedata
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from evently.search import MAX_WORDS_OF_A_QUERY, search_vector, words_of, words_query
from events import listing, pages
from events.models import Event
from events.services import edit_event
from tests.makers import make_event, make_organiser, make_user, store_as_it_is

pytestmark = pytest.mark.django_db

FOUND = [
    ("Node.js", "Node.js"),
    ("node js", "Node.js"),
    ("ASP.NET", "ASP.NET"),
    ("Zz-Top 2.0", "Zz-Top 2.0"),
    ("zz top", "Zz-Top 2.0"),
    ("Opera/Live", "Opera/Live"),
    ("labs", "Quirk.Labs talk"),
    ("quirk.la", "Quirk.Labs talk"),
    ("quabble", "„Quabble“"),
    ('"quabble"', "„Quabble“"),
    ("quimble", "l’Quimble"),
    ("l'Quimble", "l’Quimble"),
    ("O'Connor", "O’Connor"),
    ("oconnor", "O’Connor"),
    ("O’Connor", "O'Connor"),
    ("Café", unicodedata.normalize("NFD", "Café")),
    (unicodedata.normalize("NFD", "Café"), "Café"),
    ("cafe", "Café"),
    ("CAFÉ", "Cafe"),
    ("skoda", "Škoda"),
    ("strassenfest", "Straßenfest"),
    ("STRASSENFEST", "Straßenfest"),
    ("straße", "Strassenfest"),
    ("lodz", "Łódź"),
    ("Øresund", "Oresund"),
    ("istanbul", "İstanbul"),
    ("ΟΔΥΣΣΕΥΣ", "Οδυσσεύς"),
    ("ёлка", "Елка"),
    ("ﬁnale", "finale"),
    ("ｊａｚｚ", "Jazz"),
    ("مهرجان", "مَهْرَجَان"),
    ("हिन्दी", "हिन्दी दिवस"),
    ("コンサート", "コンサート"),
    ("user@example.com", "Mail user@example.com"),
    ("http://evently.example/x", "See http://evently.example/x"),
    ("under_score", "under score"),
    ("1e5", "1e5 ways"),
]


@pytest.mark.parametrize(("asked", "name"), FOUND)
def test_it_is_found_at_every_door(api: APIClient, client: Client, asked: str, name: str) -> None:
    event = make_event(name=name)
    make_event(name="Something else", venue="Elsewhere")
    answer = api.get(reverse("events"), {"search": asked})
    assert [found["id"] for found in answer.data["results"]] == [str(event.pk)]
    page = client.get("/", {"search": asked})
    assert [found.pk for found in page.context["page"].rows] == [event.pk]


def test_places_are_found_in_the_same_spelling(client: Client) -> None:
    event = make_event(name="Jazz", venue="Café O’Connor, Łódź")
    make_event(name="Cafe O'Connor Lodz", venue="Hall")
    page = client.get("/", {"where": "cafe o'connor lodz"})
    assert [found.pk for found in page.context["page"].rows] == [event.pk]


def test_a_word_in_the_middle_of_another_is_not_found(api: APIClient) -> None:
    make_event(name="Node.js")
    assert api.get(reverse("events"), {"search": "ode"}).data["results"] == []


@pytest.mark.parametrize(
    "asked", ["!!!", "' OR 1=1 --", "a:*|b", "\\", "':*", "&&", "(((", "x" * 200, "a " * 100]
)
def test_no_query_breaks_the_search(api: APIClient, asked: str) -> None:
    make_event()
    assert api.get(reverse("events"), {"search": asked}).status_code == 200


def test_of_very_many_words_the_first_count() -> None:
    query = words_query(" ".join(f"w{number}" for number in range(5_000)))
    assert query is not None
    assert str(query).count("&") == MAX_WORDS_OF_A_QUERY - 1


@pytest.mark.parametrize(
    "text",
    [
        " ".join(f"word{number}" for number in range(2_500)),
        "x" * 20_000,
        "'" * 20_000,
        "日" * 20_000,
        "\\'\" " * 4_000,
    ],
    ids=["many words", "one word", "apostrophes", "ideographs", "quotes"],
)
def test_the_longest_texts_are_found(api: APIClient, text: str) -> None:
    event = make_event(name="Long", description=text)
    words = words_of(text)
    asked = words[-1] if words else "long"
    found = api.get(reverse("events"), {"search": asked}).data["results"]
    assert [row["id"] for row in found] == [str(event.pk)]


@given(st.text(max_size=200))
def test_every_text_is_found_by_each_of_its_words(text: str) -> None:
    vector = search_vector({"A": text})
    for word in words_of(text):
        assert f"'{word}':1A" in vector
        assert words_of(word) == [word]


@given(st.text(alphabet=st.characters(categories=("L", "M", "N")), max_size=20))
def test_composed_or_decomposed_it_is_the_same_word(text: str) -> None:
    assert words_of(unicodedata.normalize("NFD", text)) == words_of(
        unicodedata.normalize("NFC", text)
    )


@given(st.text(max_size=50), st.text(max_size=50))
def test_postgresql_takes_every_vector_and_query(text: str, asked: str) -> None:
    query = words_query(asked)
    with connection.cursor() as cursor:
        vector = search_vector({"A": text, "C": asked}).replace("\0", "")
        cursor.execute("SELECT %s::tsvector", [vector])
    assert query is None or Event.objects.filter(words=query).count() == 0


def test_the_hits_are_counted(api: APIClient, client: Client) -> None:
    for number in range(3):
        make_event(name=f"Jazz {number}", venue="Cellar")
    make_event(name="Opera", venue="Hall")
    path = reverse("events")
    first = api.get(path, {"search": "jazz", "limit": "2"}).data
    assert (first["count"], len(first["results"])) == (3, 2)
    assert api.get(first["next"]).data["count"] == 3
    assert api.get(path).data["count"] is None
    assert api.get(path, {"search": "jazz", "available": "true"}).data["count"] == 3
    assert api.get(path, {"search": "nothing"}).data["count"] == 0
    assert "3 events" in client.get("/", {"search": "jazz"}).content.decode()
    assert "3 events" in client.get("/", {"where": "cellar"}).content.decode()
    assert "1 event<" in client.get("/", {"search": "opera"}).content.decode()


def test_counting_ends_at_a_thousand(
    api: APIClient, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (listing, pages):
        monkeypatch.setattr(module, "MAX_COUNT", 2)
    for _ in range(3):
        make_event(name="Jazz")
    assert api.get(reverse("events"), {"search": "jazz"}).data["count"] == 2
    assert "2 events or more" in client.get("/", {"search": "jazz"}).content.decode()


def test_words_follow_every_change(api: APIClient) -> None:
    owner = make_user("Olga")
    event = make_event(make_organiser(owner), name="Old")
    event = edit_event(
        event_id=event.pk,
        by=owner,
        changes={"name": "Neues Straßenfest"},
        expected_version=event.version,
        now=datetime.now(UTC),
    )
    assert count(api, "strassenfest") == 1
    assert count(api, "old") == 0
    event = Event.objects.get(pk=event.pk)
    event.venue = "Café"
    event.save()
    assert count(api, "cafe") == 1
    event.description = "Für Škoda-Fans"
    event.save(update_fields=["description"])
    assert count(api, "skoda strassenfest") == 1


def count(api: APIClient, asked: str) -> int:
    return len(api.get(reverse("events"), {"search": asked}).data["results"])


def test_the_migration_finds_what_was_stored_before_and_tidies_it(
    api: APIClient, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    event = make_event()
    store_as_it_is(event, name="Straßen\u200bfest\u202e", venue="Cafe\u0301", description="a\r\nb")
    Event.objects.filter(pk=event.pk).update(words=None)
    assert count(api, "strassenfest") == 0
    migration: Any = import_module("events.migrations.0008_words")

    class Editor:
        def __init__(self) -> None:
            self.connection = connection

    migration.make_words(apps, Editor())
    assert count(api, "strassenfest cafe") == 1
    event.refresh_from_db()
    assert (event.name, event.venue, event.description) == ("Straßenfest", "Café", "a\nb")
