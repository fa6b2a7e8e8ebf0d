"""The language of a reader, and the form of dates that goes with it."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import translation

from evently.languages import choose_language
from evently.site.templatetags.show import at, brief
from tests.makers import make_event

INSTANT = datetime(2031, 3, 4, 19, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("accepted", "cookie", "language"),
    [
        ("en-GB,en;q=0.9", "", "en-gb"),
        ("en-AU, en;q=0.5", "", "en-gb"),
        ("en-IE", "", "en-gb"),
        ("en_in", "", "en-gb"),
        ("en-US,en;q=0.9", "", "en"),
        ("en-PH", "", "en"),
        ("en", "", "en"),
        ("de-AT,en-GB;q=0.5", "", "de"),
        ("en-GB", "de", "de"),
        ("de", "en-gb", "en-gb"),
        ("fr", "", "en"),
        ("", "", "en"),
        ("en-XX,\x00;;q=", "", "en"),
    ],
)
def test_a_region_of_english_gets_its_own_dates(accepted: str, cookie: str, language: str) -> None:
    assert choose_language(accepted, cookie) == language


@pytest.mark.parametrize(
    ("language", "long", "short"),
    [
        (
            "en",
            "Tuesday, March 4, 2031, 8:30\N{NARROW NO-BREAK SPACE}PM, Berlin time",
            "Tue, Mar 4, 2031, 8:30\N{NARROW NO-BREAK SPACE}PM, Berlin time",
        ),
        (
            "en-gb",
            "Tuesday, 4 March 2031, 20:30, Berlin time",
            "Tue, 4 Mar 2031, 20:30, Berlin time",
        ),
    ],
)
def test_an_instant_is_told_in_the_form_of_the_region(language: str, long: str, short: str) -> None:
    with translation.override(language):
        assert at(INSTANT, "Europe/Berlin") == long
        assert brief(INSTANT, "Europe/Berlin") == short


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("asked", ["en-GB", "en-AU,en;q=0.9"])
def test_a_page_has_british_dates_for_those_who_read_them(client: Client, asked: str) -> None:
    event = make_event(starts_at=INSTANT)
    page = client.get(f"/events/{event.pk}/", headers={"Accept-Language": asked})
    content = " ".join(page.content.decode().split())
    assert '<html lang="en-gb"' in content
    assert "Tuesday, 4 March 2031, 20:30" in content
    assert page["Content-Language"] == "en-gb"
