"""The ways in for a buyer: the service itself, or HTTP to a running server.

A door answers with a word (`plan.BOOKED`, `plan.CANCELLED`, a refusal's code) or raises `Failure`.
"""

import json
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from django.db import Error
from django.utils import timezone

from bookings import services
from bookings.proof.plan import BOOKED, BUSY, CANCELLED, Buyer
from evently.accounts.models import User
from evently.errors import Refusal

HTTP_PATIENCE_SECONDS = 60


class Failure(Exception):
    """An answer that no refusal explains."""


class Door(Protocol):
    """One line of buyers, one after the other."""

    def book(self, buyer: Buyer, event_id: UUID) -> tuple[str, str]:
        """Try to book one seat; returns the answer, and the booking's reference if there is one."""

    def cancel(self, buyer: Buyer, reference: str) -> str:
        """Try to cancel the buyer's booking; returns the answer."""

    def close(self) -> None: ...


class ServiceDoor:
    """Calls the use cases in this process."""

    def book(self, buyer: Buyer, event_id: UUID) -> tuple[str, str]:
        request = services.BookingRequest(user_id=buyer.user_id, quantity=1)
        try:
            booking = services.book(event_id=event_id, request=request, now=timezone.now())
        except Refusal as refusal:
            return refusal.code, ""
        except Error as error:
            raise Failure(_first_line(error)) from error
        return BOOKED, booking.reference

    def cancel(self, buyer: Buyer, reference: str) -> str:
        try:
            services.cancel_booking(
                reference=reference, by=User(pk=buyer.user_id), now=timezone.now()
            )
        except Refusal as refusal:
            return refusal.code
        except Error as error:
            raise Failure(_first_line(error)) from error
        return CANCELLED

    def close(self) -> None:
        """Nothing to do: the database connection ends with the process."""


class HttpDoor:
    """Asks a server over one connection that stays open."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
        self._connection = kind(address.netloc, timeout=HTTP_PATIENCE_SECONDS)
        self._prefix = address.path.rstrip("/") + "/api/v1/bookings"

    def book(self, buyer: Buyer, event_id: UUID) -> tuple[str, str]:
        wish = {"event_id": str(event_id), "quantity": 1}
        status, answer = self._post(buyer, "", wish)
        return (BOOKED, answer["reference"]) if status == 201 else (_refusal(status, answer), "")

    def cancel(self, buyer: Buyer, reference: str) -> str:
        status, answer = self._post(buyer, f"/{reference}/cancel", {})
        return CANCELLED if status == 200 else _refusal(status, answer)

    def close(self) -> None:
        self._connection.close()

    def _post(self, buyer: Buyer, path: str, body: object) -> tuple[int, dict[str, Any]]:
        headers = {
            "Authorization": f"Bearer {buyer.token}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        try:
            self._connection.request("POST", self._prefix + path, json.dumps(body), headers)
            response = self._connection.getresponse()
            return response.status, _read(response.status, response.read())
        except (HTTPException, OSError) as error:
            self._connection.close()
            raise Failure(type(error).__name__) from error


def _read(status: int, body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise Failure(f"HTTP {status} without JSON") from error
    return answer if isinstance(answer, dict) else {}


def _refusal(status: int, answer: dict[str, Any]) -> str:
    """The refusal's code. A server error is a failure, unless it says that it is busy."""
    code = str(answer.get("code", ""))
    if not code or (status >= 500 and code != BUSY):
        raise Failure(f"HTTP {status} {code}".strip())
    return code


def _first_line(error: Error) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
