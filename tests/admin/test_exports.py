"""Exports of bookings: for whom, of what, and many of them through a real server."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from bookings.models import Booking
from evently.accounts.models import User
from events.models import Event, Role
from tests.admin.world import BOOKINGS, MARKERS, World, page, text
from tests.browser.server import Server, running_server
from tests.browser.sessions import session_of
from tests.makers import add_member, make_booking, make_event, make_organiser, make_user, make_users

CSV = reverse("admin:bookings_booking_export", args=["csv"])
XLSX = reverse("admin:bookings_booking_export", args=["xlsx"])
EXPORTERS = ("owner", "manager", "finance", "one_event", "staff")


def rows_of_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def rows_of_xlsx(data: bytes) -> list[tuple[Any, ...]]:
    book = load_workbook(io.BytesIO(data), read_only=True)
    rows = [row for sheet in book.worksheets for row in sheet.iter_rows(values_only=True)]
    book.close()
    return rows


def references(response: Any) -> set[str]:
    """The bookings in a file that was asked for."""
    assert response.status_code == 200
    data = b"".join(response)
    rows: list[Any] = rows_of_csv(data) if data.startswith(b"\xef\xbb\xbf") else rows_of_xlsx(data)
    return {row[0] for row in rows[1:]}


# --- For whom, and of what ------------------------------------------------------------------------


@pytest.mark.parametrize("address", [CSV, XLSX])
@pytest.mark.parametrize("name", EXPORTERS)
def test_who_handles_money_exports_their_own_bookings(
    world: World, name: str, address: str
) -> None:
    client = world.at(name)
    assert CSV in text(client.get(BOOKINGS))
    found = references(client.get(address))
    assert world.aside_booking.reference in found
    assert (world.booking.reference in found) == (name != "one_event")
    assert (MARKERS["reference"] in found) == (name == "staff")


@pytest.mark.parametrize("address", [CSV, XLSX])
@pytest.mark.parametrize("name", ["viewer", "door"])
def test_nobody_else_exports(world: World, name: str, address: str) -> None:
    client = world.at(name)
    assert client.get(address).status_code == 403
    for shown in (BOOKINGS, page(world.event)):
        assert "export." not in text(client.get(shown))


def test_an_export_leaves_out_where_the_person_only_looks_on(world: World) -> None:
    add_member(world.foreign.organiser, world.people["finance"], Role.VIEWER)
    client = world.at("finance")
    assert MARKERS["reference"] in text(client.get(BOOKINGS))
    assert MARKERS["reference"] not in references(client.get(CSV))
    assert "export." not in text(client.get(page(world.foreign.event)))


def test_an_export_holds_what_the_list_shows(world: World) -> None:
    client = world.at("owner")
    event = {"event__id__exact": str(world.event.pk)}
    of_event = references(client.get(CSV, event))
    assert world.booking.reference in of_event
    assert world.aside_booking.reference not in of_event
    assert references(client.get(CSV, {"q": "berta"})) == {world.booking.reference}
    assert references(client.get(CSV, {"status__exact": "cancelled"})) == set()
    assert references(client.get(CSV, {"event__id__exact": str(world.foreign.event.pk)})) == set()
    listed = text(client.get(BOOKINGS, event | {"p": "1"}))
    assert f"{CSV}?event__id__exact={world.event.pk}" in listed


@pytest.mark.parametrize("form", ["pdf", "CSV", "csv.exe"])
def test_another_form_is_refused(world: World, form: str) -> None:
    assert world.at("owner").get(CSV.removesuffix("csv") + form).status_code in {403, 404}


def test_a_file_says_what_it_is(world: World) -> None:
    client = world.at("owner")
    told = client.get(CSV), client.get(XLSX)
    assert [answer.headers["Content-Disposition"] for answer in told] == [
        'attachment; filename="bookings.csv"',
        'attachment; filename="bookings.xlsx"',
    ]
    assert told[0].headers["Content-Type"] == "text/csv; charset=utf-8"
    for answer in told:
        b"".join(answer)


def test_a_name_that_is_a_formula_stays_a_text(world: World) -> None:
    make_booking(world.event, make_user("=1+1", email="f@x.example"))
    data = b"".join(world.at("owner").get(CSV))
    assert "'=1+1" in {row[1] for row in rows_of_csv(data)}


# --- Many of them through a real server -----------------------------------------------------------

# Read as a whole, these would take some 40 MB; `bench/admin.py` measures 50 000.
MANY = 10_000
MOST_MEGABYTES = 20


def peak_megabytes(pid: int) -> float:
    """The most memory that the process and its children ever held."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [child for task in tasks for child in (task / "children").read_text().split()]
    [line] = [
        line
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    ]
    return int(line.split()[1]) / 1024 + sum(peak_megabytes(int(child)) for child in children)


def make_many(event: Event, number: int) -> None:
    people = make_users(1_000)
    Event.objects.filter(pk=event.pk).update(available_seats=event.capacity - number)
    now = datetime.now(UTC)
    bookings = (
        Booking(
            event=event,
            user=people[place % len(people)],
            quantity=1,
            unit_price=20,
            currency="EUR",
            only_one_per_person=False,
            created_at=now,
        )
        for place in range(number)
    )
    Booking.objects.bulk_create(bookings, batch_size=5_000)


@pytest.fixture
def server(transactional_db: None, tmp_path: Path) -> Iterator[Server]:
    with running_server(STATIC_ROOT=str(tmp_path)) as server:
        yield server


def download(server: Server, user: User, address: str) -> bytes:
    cookie = session_of(user, f"http://{server}")
    connection = HTTPConnection(server, timeout=120)
    connection.request("GET", address, headers={"Cookie": f"{cookie['name']}={cookie['value']}"})
    answer: HTTPResponse = connection.getresponse()
    data = answer.read()
    connection.close()
    assert answer.status == 200, data[:200]
    return data


@pytest.mark.django_db(transaction=True)
def test_many_bookings_leave_the_server_in_little_memory(server: Server) -> None:
    owner = make_user("Olga")
    event = make_event(make_organiser(owner), capacity=2 * MANY)
    make_booking(event)
    for address in (CSV, XLSX):  # what is loaded once is loaded
        download(server, owner, address)
    make_many(event, MANY)
    before = peak_megabytes(server.pid)
    table, book = download(server, owner, CSV), download(server, owner, XLSX)
    grown = peak_megabytes(server.pid) - before
    assert len({row[0] for row in rows_of_csv(table)[1:]}) == MANY + 1
    assert len({row[0] for row in rows_of_xlsx(book)[1:]}) == MANY + 1
    assert grown < MOST_MEGABYTES
