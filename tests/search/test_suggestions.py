"""Similar words for a search that finds nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from evently.gateway.edge import questions
from evently.spelling import MAX_TRIES, Vocabulary
from events import suggestions
from events.models import Event
from events.pages import SearchForm
from tests.makers import make_event

database = pytest.mark.django_db


def suggested(client: Client, **asked: str) -> list[str]:
    return [str(found) for found in client.get("/", asked).context["suggestions"]]


@database
@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("mozrat", "Mozart"),
        ("Mozartt", "Mozart"),
        ("mosart", "Mozart"),
        ("Strassnefest", "Straßenfest"),
        ("Strasenfest", "Straßenfest"),
        ("caffe", "Café"),
        ("oconnro", "O’Connor"),
        ("connro", "Connor"),
        ("оддисей", "Одиссей"),
    ],
)
def test_a_typing_error_brings_the_word_that_was_meant(
    client: Client, asked: str, meant: str
) -> None:
    make_event(name="Mozart, „Straßenfest“", venue="Café O’Connor")
    make_event(name="Одиссей")
    assert suggested(client, search=asked)[0] == meant


@database
def test_the_page_links_to_the_search_that_was_meant_and_keeps_the_filters(client: Client) -> None:
    make_event(name="Mozart", price="0")
    page = client.get("/", {"search": "mozrat", "price": "free", "cursor": ""})
    assert "Did you mean" in page.content.decode()
    assert 'href="?search=Mozart&amp;price=free' in page.content.decode()
    again = client.get("/?search=Mozart&price=free&where=")
    assert [row.name for row in again.context["page"].rows] == ["Mozart"]


@database
def test_words_that_are_known_stay_as_they_were_typed(client: Client) -> None:
    make_event(name="Klavierabend Mozart")
    assert suggested(client, search="klav mozrat") == ["klav Mozart"]


@database
def test_places_are_corrected_too(client: Client) -> None:
    make_event(name="Jazz", venue="Philharmonie Berlin")
    assert suggested(client, where="berlni") == ["Berlin"]
    assert suggested(client, search="jazz", where="Pilharmonie") == ["jazz · Philharmonie"]
    assert suggested(client, search="jaxz", where="berlni") == ["Jazz · Berlin"]


@database
def test_at_most_three_are_offered_the_nearest_and_most_frequent_first(client: Client) -> None:
    for name in ("Banda", "Bande", "Bande", "Bandi", "Bando"):
        make_event(name=name)
    assert suggested(client, search="bandx") == ["Bande", "Banda", "Bandi"]


@database
@pytest.mark.parametrize("status", [Event.Status.DRAFT, Event.Status.CANCELLED])
def test_no_word_of_an_event_that_is_not_in_the_catalogue_shows(
    client: Client, status: Event.Status
) -> None:
    make_event(name="Jazz", description="Not even Mozart")
    make_event(name="Secretissimo", venue="Hideaway", status=status)
    long_ago = datetime.now(UTC) - timedelta(days=3)
    make_event(name="Bygonetime", starts_at=long_ago)
    for asked in ("secretisimo", "hideawey", "bygonetimee", "mozrat"):
        assert suggested(client, search=asked) == []
        assert suggested(client, where=asked) == []


@database
def test_a_word_that_was_taken_out_since_is_not_suggested(client: Client) -> None:
    event = make_event(name="Mozart")
    assert suggested(client, search="mozrat") == ["Mozart"]
    event.name = "Haydn"
    event.save()
    assert suggested(client, search="mozrat") == []


@database
def test_nothing_is_suggested_that_the_other_filters_exclude(client: Client) -> None:
    make_event(name="Mozart", price="80")
    assert suggested(client, search="mozrat", price="50") == []
    assert suggested(client, search="mozrat", price="100") == ["Mozart"]


@database
@pytest.mark.parametrize("asked", ["", "jazz", "!!!", "qwertzuiop", "2027", "jaz"])
def test_nothing_is_suggested_without_a_typing_error(client: Client, asked: str) -> None:
    make_event(name="Jazz 2026")
    assert suggested(client, search=asked) == []


@database
def test_a_search_costs_few_queries_however_it_is_made_up(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        make_event(name=f"Banda{chr(97 + number)}")
    suggested(client, search="nothing")  # the words are collected
    with django_assert_max_num_queries(MAX_TRIES + 4):
        asked = " ".join(f"bandx{chr(97 + number)}" for number in range(16))
        assert suggested(client, search=asked, where=asked) == []


@database
def test_one_thread_collects_the_words_and_only_when_they_are_old(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected: list[datetime] = []

    def count(now: datetime) -> list[tuple[str, int]]:
        collected.append(now)
        suggestions._vocabulary.at(now)  # another search meanwhile does not wait
        return [("Mozart", 1)]

    monkeypatch.setattr(suggestions, "_count_parts", count)
    make_event(name="Mozart")
    for _ in range(3):
        assert suggested(client, search="mozrat") == ["Mozart"]
    assert len(collected) == 1
    monkeypatch.setattr(suggestions, "SECONDS", 0)
    suggested(client, search="mozrat")
    assert len(collected) == 2


@pytest.mark.parametrize(
    "asked", ["x" * 200, "a " * 100, "' OR 1=1 --", "\\", "日" * 200, "bandx " * 30]
)
def test_corrections_are_bounded(asked: str) -> None:
    words = Vocabulary((f"banda{letter}", 1) for letter in "abcdefgh")
    assert len(words.corrections(asked)) <= MAX_TRIES


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_breaks_the_comparison(text: str, asked: str) -> None:
    vocabulary = Vocabulary((part, 1) for part in text.split())
    assert len(vocabulary.corrections(asked)) <= MAX_TRIES
    for word in vocabulary.words.values():
        assert word.spelling


@database
def test_every_field_of_the_form_is_a_parameter_that_the_cache_knows() -> None:
    known = questions.public_parameters("/")
    assert known is not None
    assert set(SearchForm(None, ["EUR", "USD"]).fields) <= set(known)
