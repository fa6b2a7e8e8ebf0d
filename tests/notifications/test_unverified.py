"""What an address gets before it is verified: mails of its bookings alone, in our own words."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bookings.services import cancel_booking
from evently.accounts.addresses import mark_verified
from evently.accounts.models import User
from evently.transactions import unit_of_work
from notifications.delivery import deliver_batch, plan_deliveries
from notifications.models import Delivery, Kind, Notice
from notifications.rendering import render
from notifications.wording import MAILED, UNVERIFIED
from notifications.writing import Telling, write_notices
from tests.makers import make_booking, make_event, make_organiser, make_user
from tests.notifications.mailroom import mails_in
from tests.waitlist.people import make_entry, make_full_event

pytestmark = pytest.mark.django_db(transaction=True)

TYPED = ("Prizewinner", "Call-now gala", "Scam street", "Crooks Ltd")


def now() -> datetime:
    return datetime.now(UTC)


def bring_all() -> dict[str, str]:
    """Bring what is due; what became of each kind of notice."""
    plan_deliveries(now=now())
    while deliver_batch(now=now()):
        pass
    return dict(Delivery.objects.values_list("notice__kind", "status"))


def stranger() -> User:
    return make_user(TYPED[0], email="victim@example.com", verified=False)


def test_of_all_kinds_only_bookings_are_mailed(mail_folder: Path) -> None:
    person = stranger()
    booking = make_booking(make_event(), person)
    cancel_booking(reference=booking.reference, by=person, now=now())
    make_entry(make_full_event(), person)
    event = make_event()
    for kind in (
        *(Kind.WELCOME, Kind.EVENT_REMINDER, Kind.EVENT_MOVED),
        *(Kind.BROADCAST, Kind.WAITLIST_OFFER),
    ):
        telling = Telling(user_id=person.pk, event_id=event.pk, about=event.pk)
        with unit_of_work():
            write_notices(kind, [telling])
    Notice.objects.exclude(user=person).delete()
    states = bring_all()
    assert states.keys() == set(MAILED)
    assert {kind for kind, state in states.items() if state == "sent"} == set(UNVERIFIED)
    assert {state for kind, state in states.items() if kind not in UNVERIFIED} == {"suppressed"}
    assert len(mails_in(mail_folder)) == 2


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", UNVERIFIED)
def test_the_mail_of_a_booking_holds_nothing_that_a_stranger_typed(
    kind: Kind, language: str
) -> None:
    organiser = make_organiser(name=TYPED[3])
    event = make_event(organiser, name=TYPED[1], venue=TYPED[2])
    booking = make_booking(event, stranger(), quantity=2)
    cancel_booking(reference=booking.reference, by=booking.user, now=now())
    notice = Notice.objects.get(kind=kind)
    notice.language = language
    mail = render(notice)
    for told in (mail.subject, mail.text, mail.html):
        assert not any(words in told for words in TYPED)
        assert booking.reference in told
    assert "40.00" in mail.text or "40,00" in mail.text
    assert "/accounts/email/" in mail.text
    assert mail.attachments == ()


def test_the_owner_of_an_address_gets_no_mail_of_who_only_claims_it(mail_folder: Path) -> None:
    make_user("Vera", email="victim@example.com")
    make_booking(make_event(), stranger())
    assert bring_all() == {Kind.BOOKING_CONFIRMED: "suppressed"}
    assert mails_in(mail_folder) == []


def test_who_verifies_is_welcomed_once_and_gets_everything_from_then_on(mail_folder: Path) -> None:
    person = stranger()
    for email in (person.email, "other@example.com"):
        with unit_of_work():
            mark_verified(person, email=email, now=now())
    make_booking(make_event(name="Late Jazz"), person)
    assert bring_all() == {Kind.WELCOME: "sent", Kind.BOOKING_CONFIRMED: "sent"}
    assert [mail["To"] for mail in mails_in(mail_folder)] == ["other@example.com"] * 2
