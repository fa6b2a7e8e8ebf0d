"""The site and the admin in the reader's language, with a real browser and a real server."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import compress
from typing import Any

import pytest
from django.conf import global_settings
from django.utils.translation import override
from playwright.sync_api import Page, expect
from pytest_django import Settings

from bookings.models import Booking
from evently.accounts.models import User
from evently.money import has_places
from evently.site.templatetags.show import money, number
from events.models import Event
from tests.browser.conftest import Visit
from tests.browser.looking import card_of, chip, expect_line, page_of, seats
from tests.makers import make_booking, make_event, make_organiser, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GERMAN = {"locale": "de-DE", "timezone_id": "Europe/Lisbon"}
# 20:00 in Berlin, on a Tuesday.
STARTS = datetime(2099, 12, 15, 19, 0, tzinfo=UTC)
NBSP = "\N{NO-BREAK SPACE}"
CURRENCIES = ("AUD", "CAD", "CHF", "DKK", "EUR", "GBP", "JPY", "NOK", "PLN", "SEK", "USD", "ZAR")
AMOUNTS = ("0.90", "19.50", "1234.00", "98765.40")
IN_THE_BROWSER = """
([language, amounts, currencies]) => currencies.map((currency) => amounts.map((amount) =>
  new Intl.NumberFormat(language, { style: "currency", currency }).format(amount)))
"""


@pytest.fixture
def gala() -> Event:
    return make_event(name="Gala", starts_at=STARTS, capacity=2000, price="19.50")


def visit_german(visit: Visit, path: str, user: User | None = None, **options: Any) -> Page:
    page = visit(path, user, **GERMAN | options)
    expect(page.locator("html")).to_have_attribute("lang", "de")
    return page


def test_attendee_17_the_catalogue_is_german(visit: Visit, gala: Event) -> None:
    page = visit_german(visit, "/")
    expect(page.get_by_role("heading", name="Programm")).to_be_visible()
    card = card_of(page, gala)
    expect(card.locator(".cover")).to_have_text("Dienstag 15 Dez. 2099")
    expect(card.locator("time")).to_have_text("Di. · 20:00")
    expect(card.locator(".price")).to_have_text(f"19,50{NBSP}€")
    expect(seats(card)).to_have_text("2.000 von 2.000 Plätzen frei")
    expect(chip(card)).to_have_text("Im Verkauf")


@pytest.mark.parametrize("is_catalogue", [True, False], ids=["catalogue", "event"])
def test_attendee_17_what_changes_while_one_looks_is_german(
    visit: Visit, gala: Event, is_catalogue: bool
) -> None:
    page = visit_german(visit, "/" if is_catalogue else page_of(gala))
    expect_line(page, "live")
    make_booking(gala, quantity=10)
    expect(seats(page)).to_have_text("1.990 von 2.000 Plätzen frei")
    Event.objects.filter(pk=gala.pk).update(available_seats=10)
    make_booking(Event.objects.get(pk=gala.pk), quantity=10)
    expect(seats(page)).to_have_text("Keine Plätze frei")
    expect(chip(page)).to_have_text("Ausverkauft")


def test_attendee_17_event_booking_and_ticket_are_german(visit: Visit, gala: Event) -> None:
    page = visit_german(visit, page_of(gala), make_user())
    when = "Dienstag, 15. Dezember 2099, 20:00 – 23:00 Uhr (Ortszeit Berlin)"
    expect(page.locator("time[data-zone]").first).to_have_text(when)
    expect(page.locator("[data-visitor-time]").first).to_have_text("· Di., 19:00 Uhr bei Ihnen")
    page.get_by_label("Ein Platz mehr").click()
    expect(page.get_by_text(f"39,00{NBSP}€")).to_be_visible()
    page.get_by_role("button", name="Buchen", exact=True).click()
    expect(page.get_by_text("Gebucht", exact=True)).to_be_visible()
    expect(page.get_by_text(f"39,00{NBSP}€ (19,50{NBSP}€ pro Platz)")).to_be_visible()
    expect(page.locator("time[data-zone]")).to_have_text(when)
    page.get_by_role("link", name="Buchung stornieren").click()
    expect(page.get_by_text("Sie geben 2 Plätze für „Gala“ zurück")).to_be_visible()
    page.get_by_role("button", name="Buchung stornieren").click()
    expect(page.locator(".chip")).to_have_text("Storniert")
    assert Booking.objects.get().status == Booking.Status.CANCELLED


def test_attendee_17_a_cancelled_event_has_another_word_than_a_cancelled_booking(
    visit: Visit,
) -> None:
    called_off = make_event(status=Event.Status.CANCELLED)
    page = visit_german(visit, page_of(called_off))
    expect(chip(page)).to_have_text("Abgesagt")


def test_attendee_17_refusals_are_german(visit: Visit) -> None:
    event = make_event(capacity=10, available_seats=3)
    page = visit_german(visit, page_of(event), make_user())
    page.get_by_label("Plätze", exact=True).fill("4")
    page.get_by_role("button", name="Buchen", exact=True).click()
    told = "3 Plätze sind frei. Sie wollten 4. Nehmen Sie 3 oder weniger"
    expect(page.get_by_role("alert")).to_contain_text(told)


def test_attendee_17_the_errors_of_the_sign_up_form_are_german(
    visit: Visit, settings: Settings
) -> None:
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS  # those of the server process
    user = make_user()
    page = visit_german(visit, "/accounts/signup/")
    page.get_by_label("E-Mail-Adresse").fill(user.email)
    page.get_by_label("Passwort").fill("12345")
    page.locator("main form").evaluate("form => { form.noValidate = true; form.requestSubmit() }")
    errors = page.locator(".field-error")
    expect(errors.first).to_have_text("Bitte füllen Sie dieses Feld aus.")
    for told in ("ist zu kurz", "nur aus Ziffern"):
        expect(errors.filter(has_text=told)).to_have_count(1)


def test_attendee_17_the_switch_changes_the_language_and_it_stays(visit: Visit) -> None:
    page = visit("/", locale="en-GB")
    for language, label, button, heading in (
        ("de", "Language", "Change language", "Programm"),
        ("en", "Sprache", "Sprache wechseln", "What is on"),
    ):
        page.get_by_label(label).select_option(language)
        page.get_by_role("button", name=button).click()
        expect(page.locator("html")).to_have_attribute("lang", language)
        page.goto("/developers/")
        page.goto("/")
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)


def test_the_admin_is_german_for_a_german_organiser(visit: Visit) -> None:
    owner = make_user("Olga")
    event = make_event(make_organiser(owner), starts_at=STARTS, capacity=2000)
    page = visit_german(visit, "/admin/", owner)
    expect(page.get_by_role("heading", name="Nächste Veranstaltungen")).to_be_visible()
    expect(page.get_by_text("2.000 / 2.000")).to_be_visible()
    page.get_by_role("link", name="Veranstaltung hinzufügen").click()
    for label in ("Zeitzone", "Preis pro Platz", "Eine Person darf mehrmals buchen"):
        expect(page.get_by_text(label).first).to_be_visible()
    button = page.get_by_role("button", name="Speichern", exact=True)
    expect(button).to_be_visible()
    page.goto(f"/admin/events/event/{event.pk}/change/")
    expect(page.get_by_text("Dienstag, 15. Dezember 2099, 20:00 – 23:00 Uhr")).to_be_visible()
    expect(page.get_by_role("link", name="Veranstaltung absagen …")).to_be_visible()


def test_amounts_and_numbers_look_the_same_from_the_server_and_in_the_browser(visit: Visit) -> None:
    page = visit("/")
    for language in ("de", "en"):
        shown = page.evaluate(IN_THE_BROWSER, [language, AMOUNTS, CURRENCIES])
        with override(language):
            told = [[money(Decimal(a), currency) for a in AMOUNTS] for currency in CURRENCIES]
            # What a currency cannot hold no price can be; the browser rounds it.
            can_be = [
                [has_places(Decimal(a), currency) for a in AMOUNTS] for currency in CURRENCIES
            ]
            assert number(1_234_567) == page.evaluate(
                "language => new Intl.NumberFormat(language).format(1234567)", language
            )
        assert [list(compress(*each)) for each in zip(told, can_be, strict=True)] == [
            list(compress(*each)) for each in zip(shown, can_be, strict=True)
        ]
