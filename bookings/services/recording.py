"""What the history keeps of bookings: what others do with them, not what their owners do."""

from collections.abc import Iterable, Mapping
from typing import Any

from bookings.models import Booking
from evently.accounts.models import User
from evently.history.services import Subject, record


def record_bookings(
    bookings: Iterable[Booking], *, by: User, changes: Mapping[str, tuple[Any, Any]]
) -> None:
    """Keep the same change of each booking, called by its reference; its event is at hand."""
    subjects = [
        Subject(
            kind="booking",
            id=booking.pk,
            label=booking.reference,
            organiser_id=booking.event.organiser_id,
            event_id=booking.event_id,
        )
        for booking in bookings
    ]
    record(subjects, by=by, changes=changes)
