"""What a person was told belongs to them: it is handed out, and forgotten with the account."""

import json
from datetime import UTC, datetime

import pytest

from evently.accounts.personal_data import erase_account, stream_personal_data
from notifications.delivery import plan_deliveries
from notifications.models import Channel, Delivery, Kind, Notice, Preference, Suppression
from notifications.services import choose_notices
from tests.makers import make_booking, make_event, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def test_notices_and_choices_are_handed_out() -> None:
    user = make_user()
    make_booking(make_event(name="Late Jazz"), user)
    make_booking(make_event(name="Secret Plan"))
    choose_notices(user=user, choices={(Kind.WELCOME, Channel.MAIL): False})
    told, choice = json.loads("".join(stream_personal_data(user)))["notices"]
    assert (told["kind"], told["title"]) == ("booking_confirmed", "Booked: Late Jazz")
    assert choice == {"kind": "welcome", "channel": "mail", "wanted": False}


def test_an_erased_person_is_told_nothing_more_and_nothing_is_kept() -> None:
    user, now = make_user(), datetime.now(UTC)
    make_booking(make_event(), user)
    choose_notices(user=user, choices={(Kind.WELCOME, Channel.MAIL): False})
    Suppression.objects.create(email=user.email, reason=Suppression.Reason.BOUNCE, at=now)
    other = make_booking(make_event()).user
    plan_deliveries(now=now)
    erase_account(user=user, now=now)
    plan_deliveries(now=now)
    assert set(Notice.objects.values_list("user", flat=True)) == {other.pk}
    assert set(Delivery.objects.values_list("notice__user", flat=True)) == {other.pk}
    assert not Preference.objects.exists()
    assert not Suppression.objects.exists()
