"""Amounts have the decimals of their currency (ISO 4217), at every door and in every answer."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import translation
from openpyxl import load_workbook
from rest_framework.test import APIClient

from bookings.exporting import csv_chunks, write_xlsx
from bookings.models import Booking
from evently.errors import Invalid
from evently.money import amount_text, has_places, known_currencies, places_of
from evently.site.templatetags.show import money
from events.models import Event
from events.services import edit_event
from events.structured import event_document
from tests.admin.world import ADD_EVENT, entries, new_event, page
from tests.api.shapes import assert_invalid
from tests.conftest import client_of
from tests.makers import make_booking, make_event, make_organiser, make_user

BODY = {
    "name": "Late Jazz",
    "starts_at": "2090-06-01T19:00:00Z",
    "ends_at": "2090-06-01T21:00:00Z",
    "capacity": 10,
}
REFUSED = [("12.50", "JPY"), ("0.40", "CLP"), ("1.2345", "KWD"), ("1.125", "EUR"), ("1.1", "ISK")]
TAKEN = [
    ("12", "JPY", "12"),
    ("12.00", "JPY", "12"),
    ("1.25", "KWD", "1.250"),
    ("1.250", "BHD", "1.250"),
    ("12.5", "EUR", "12.50"),
    # CLDR has no decimals for these: of cash there are none.
    ("12.50", "HUF", "12.50"),
    ("12.50", "RSD", "12.50"),
    ("1.125", "IQD", "1.125"),
]


@pytest.mark.parametrize(
    ("currency", "places"),
    [("EUR", 2), ("JPY", 0), ("CLP", 0), ("KWD", 3), ("IQD", 3), ("HUF", 2), ("TWD", 2)],
)
def test_a_currency_has_the_decimals_of_iso_4217(currency: str, places: int) -> None:
    assert places_of(currency) == places


@pytest.mark.parametrize("code", ["XAU", "XXX", "XTS", "DEM", "eur", "ZZZ", "", "EURO", "CLF"])
def test_what_nobody_pays_with_is_no_currency(code: str) -> None:
    assert code not in known_currencies()


def test_an_amount_is_never_rounded_to_be_shown() -> None:
    """A row from before the rule says what was sold."""
    assert amount_text(Decimal("12.50"), "JPY") == "12.5"
    assert amount_text(Decimal("1000.00"), "JPY") == "1000"
    assert amount_text(3 * Decimal("12.50"), "JPY") == "37.5"
    assert money(Decimal("12.50"), "JPY") == "¥12.5"
    assert not has_places(Decimal("12.50"), "JPY")


@pytest.mark.parametrize(
    ("language", "amount", "currency", "shown"),
    [
        ("en", "1.25", "KWD", "KWD\xa01.250"),
        ("en", "1200", "JPY", "¥1,200"),
        ("en", "12.5", "RSD", "RSD\xa012.50"),
        ("de", "1234.5", "EUR", "1.234,50\xa0€"),
        ("de", "1.25", "KWD", "1,250\xa0KWD"),
        ("en", "0.000", "KWD", "Free"),
    ],
)
def test_pages_show_the_decimals_of_the_currency(
    language: str, amount: str, currency: str, shown: str
) -> None:
    with translation.override(language):
        assert money(Decimal(amount), currency) == shown


# --- Doors ----------------------------------------------------------------------------------------


@pytest.fixture
def owner(db: None) -> APIClient:
    return client_of(make_organiser(make_user("Olga")).members.get())


@pytest.mark.parametrize(("price", "currency"), REFUSED)
def test_the_api_refuses_what_nobody_can_pay(owner: APIClient, price: str, currency: str) -> None:
    answer = owner.post(reverse("events"), BODY | {"price": price, "currency": currency})
    assert_invalid(answer, "price")
    assert not Event.objects.exists()


@pytest.mark.parametrize(("price", "currency", "shown"), TAKEN)
def test_the_api_shows_all_decimals_that_the_currency_has(
    owner: APIClient, price: str, currency: str, shown: str
) -> None:
    body = BODY | {"price": price, "currency": currency, "status": "published"}
    made = owner.post(reverse("events"), body)
    assert (made.status_code, made.data["price"]) == (201, shown)
    found = owner.get(reverse("event", args=[made.data["id"]]))
    assert found.data["price"] == shown
    wish = {"event_id": made.data["id"], "quantity": 3}
    booked = client_of(make_user()).post(reverse("bookings"), wish)
    assert booked.data["unit_price"] == shown
    assert booked.data["total"] == amount_text(3 * Decimal(price), currency)


def test_another_currency_must_suit_the_price(owner: APIClient) -> None:
    made = owner.post(reverse("events"), BODY | {"price": "12.50"})
    path = reverse("event", args=[made.data["id"]])
    answer = owner.patch(path, {"currency": "JPY"}, headers={"If-Match": made["ETag"]})
    errors = assert_invalid(answer, "price")
    assert errors["price"] == ["JPY has no decimals. Write a whole amount such as 12."]
    assert Event.objects.get().currency == "EUR"


def test_the_currency_stays_once_seats_are_taken(db: None) -> None:
    owner = make_user("Olga")
    event = make_event(make_organiser(owner))
    booking = make_booking(event)
    event.refresh_from_db()
    options: dict[str, Any] = {"by": owner, "now": datetime.now(UTC)}
    with pytest.raises(Invalid) as refused:
        edit_event(
            event_id=event.pk,
            changes={"currency": "USD"},
            expected_version=event.version,
            **options,
        )
    assert "currency" in refused.value.errors
    event.refresh_from_db()
    assert event.currency == booking.currency == "EUR"


@pytest.mark.parametrize(("price", "currency"), REFUSED[:3])
def test_the_form_refuses_what_nobody_can_pay(db: None, price: str, currency: str) -> None:
    owner = make_user("Olga")
    organiser = make_organiser(owner)
    browser = Client()
    browser.force_login(owner)
    answer = browser.post(ADD_EVENT, new_event(organiser, price=price, currency=currency))
    assert answer.context["adminform"].form.errors.keys() == {"price"}
    event = make_event(organiser)
    changes = entries(event, price=price, currency=currency)
    assert browser.post(page(event), changes).context["adminform"].form.errors.keys() == {"price"}
    assert Event.objects.get().price == Decimal(20)


def test_the_form_takes_and_shows_a_dinar_and_a_quarter(db: None) -> None:
    owner = make_user("Olga")
    browser = Client()
    browser.force_login(owner)
    form = new_event(make_organiser(owner), price="1.250", currency="KWD", publish="on")
    assert browser.post(ADD_EVENT, form).status_code == 302
    event = Event.objects.get()
    assert event.price == Decimal("1.25")
    assert 'value="1.250"' in browser.get(page(event)).content.decode()
    shown = browser.get(reverse("bookings:event", args=[event.pk])).content.decode()
    assert "KWD\xa01.250" in shown


@pytest.mark.parametrize(("price", "currency"), REFUSED)
def test_the_import_refuses_what_nobody_can_pay(
    db: None, tmp_path: Path, price: str, currency: str
) -> None:
    make_organiser(name="Kulturhaus")
    file = tmp_path / "events.csv"
    line = f"A,2090-01-01 19:00,5,{price},{currency}"
    file.write_text(f"name,starts_at,capacity,price,currency\n{line}\n")
    errors = StringIO()
    with pytest.raises(CommandError, match="1 bad"):
        call_command("import_events", str(file), organiser="Kulturhaus", stderr=errors)
    assert f"Line 2: The price '{price}' must be an amount of {currency}" in errors.getvalue()
    with pytest.raises(CommandError, match=currency):
        call_command(
            "import_events",
            str(file),
            organiser="Kulturhaus",
            price=price,
            currency=currency,
        )
    assert not Event.objects.exists()


# --- What programs read ---------------------------------------------------------------------------


def test_exports_and_search_engines_get_the_same_decimals(db: None) -> None:
    event = make_event(price=Decimal("1.250"), currency="KWD")
    make_booking(event, quantity=3)
    rows = b"".join(csv_chunks(Booking.objects.all())).decode().splitlines()
    assert ",1.250,3.750," in rows[1]
    file = BytesIO()
    write_xlsx(Booking.objects.all(), file)
    cell = load_workbook(file).worksheets[0]["I2"]
    assert (cell.value, cell.number_format) == (3.75, "#,##0.000")
    document = event_document(event, address="x", image="y", now=datetime.now(UTC))
    assert document["offers"]["price"] == "1.250"


# --- Filters --------------------------------------------------------------------------------------


@pytest.fixture
def two_currencies(db: None) -> None:
    for name, price, currency in (
        ("yen", 1500, "JPY"),
        ("cheap", 5, "EUR"),
        ("dear", 50, "EUR"),
        ("free", 0, "JPY"),
    ):
        make_event(name=name, price=Decimal(price), currency=currency)


def names(answer: Any) -> list[str]:
    return [event["name"] for event in answer.data["results"]]


@pytest.mark.usefixtures("two_currencies")
def test_a_price_is_compared_within_one_currency(api: APIClient) -> None:
    path = reverse("events")
    for bound in ({"min_price": "5"}, {"max_price": "20"}):
        assert "currency=EUR" in assert_invalid(api.get(path, bound), "currency")["currency"][0]
    found = api.get(path, {"min_price": "5", "currency": "EUR", "ordering": "price"})
    assert names(found) == ["cheap", "dear"]
    assert names(api.get(path, {"max_price": "0"})) == ["free"]
    assert names(api.get(path, {"currency": "JPY", "ordering": "-price"})) == ["yen", "free"]
    assert names(api.get(path, {"ordering": "price"})) == ["cheap", "dear", "free", "yen"]
    assert_invalid(api.get(path, {"currency": "XXX"}), "currency")


@pytest.mark.usefixtures("two_currencies")
def test_the_catalogue_asks_for_the_currency_of_a_price(client: Client) -> None:
    text = client.get("/", {"price": "20"}).content.decode()
    assert "Choose the currency of this price, too" in text
    assert all(f">{name}<" in text for name in ("yen", "dear", "cheap"))
    page = client.get("/", {"price": "20", "currency": "EUR"})
    assert [event.name for event in page.context["page"].rows] == ["cheap"]
    assert "currency=EUR" in page.context["poll"]
    page = client.get("/", {"price": "free"})
    assert [event.name for event in page.context["page"].rows] == ["free"]


@pytest.mark.django_db
def test_where_all_is_in_one_currency_the_catalogue_does_not_ask(client: Client) -> None:
    make_event(name="cheap", price=Decimal(5), starts_at=datetime.now(UTC) + timedelta(days=3))
    make_event(name="dear", price=Decimal(50))
    page = client.get("/", {"price": "20"})
    assert [event.name for event in page.context["page"].rows] == ["cheap"]
    assert 'name="currency"' not in page.content.decode()
