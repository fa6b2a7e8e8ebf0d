"""The API speaks to people in their language; what programs decide by is the same in all."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from bookings.models import Booking
from events.models import Event
from tests.makers import make_event, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def ask_to_book(event: Event, language: str, **data: Any) -> Any:
    client = APIClient(headers={"Accept-Language": language})
    client.force_authenticate(make_user())
    return client.post("/api/v1/bookings", {"event_id": event.pk, "quantity": 4} | data)


@pytest.mark.parametrize(
    ("asked", "told", "detail"),
    [
        ("de-DE,de;q=0.9", "de", "3 Plätze sind frei. Sie wollten 4."),
        ("en-GB", "en-gb", "3 seats are left. You asked for 4."),
        ("tlh", "en", "3 seats are left. You asked for 4."),
    ],
)
def test_a_refusal_is_told_in_the_language_that_is_asked_for(
    asked: str, told: str, detail: str
) -> None:
    answer = ask_to_book(make_event(capacity=10, available_seats=3), asked)
    assert answer.headers["Content-Language"] == told
    assert "Accept-Language" in answer.headers["Vary"]
    problem = answer.json()
    assert (problem["code"], problem["type"]) == ("sold-out", "urn:evently:problem:sold-out")
    assert problem["detail"] == detail
    assert problem["available_seats"] == 3
    assert not Booking.objects.exists()


def test_sentences_about_fields_are_told_in_the_language_that_is_asked_for() -> None:
    answer = ask_to_book(make_event(max_per_booking=2), "de")
    assert answer.json()["title"] == "Die Anfrage hat Felder, die nicht verwendbar sind."
    assert answer.json()["errors"] == {"quantity": ["Wählen Sie 1 bis 2 Plätze."]}
    unread = ask_to_book(make_event(), "de", quantity="four", seats=1)
    assert unread.json()["errors"] == {
        "seats": ["Dieses Feld gibt es nicht. Die Felder sind: event_id, quantity."],
        "quantity": ["Das muss eine ganze Zahl sein."],
    }


def test_what_the_framework_refuses_is_told_in_the_language_that_is_asked_for() -> None:
    answer = APIClient(headers={"Accept-Language": "de"}).get("/api/v1/nowhere")
    assert answer.json()["title"] == "Das gibt es hier nicht, oder es ist nicht für Sie bestimmt."
    assert answer.json()["code"] == "not-found"
