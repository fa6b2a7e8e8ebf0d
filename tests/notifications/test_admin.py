"""Messages and mails in the admin: writing, trying out, looking after, sending again."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evently.accounts.models import User
from events.models import Event, Role
from notifications import services
from notifications.delivery import plan_deliveries
from notifications.models import Broadcast, Delivery, Kind, Notice, Suppression
from notifications.wording import MAILED
from tests.admin.world import page, text, told
from tests.bookings.test_pages import logged_in
from tests.makers import add_member, make_booking, make_event, make_organiser, make_user

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = {"audience": "booked", "subject": "Doors & drinks", "body": "They open <at> seven."}
DELIVERIES = "admin:notifications_delivery_changelist"


def make_sold_event() -> tuple[Event, User, User]:
    """An event, its owner, and somebody who has booked."""
    owner, guest = make_user("Olga"), make_user("Gil")
    event = make_event(make_organiser(owner))
    make_booking(event, guest)
    return event, owner, guest


def make_broadcast(event: Event, by: User) -> Broadcast:
    broadcast = services.send_broadcast(event_id=event.pk, by=by, now=datetime.now(UTC), **WORDS)
    services.write_broadcast(broadcast_id=broadcast.pk)
    broadcast.refresh_from_db()
    return broadcast


def make_delivery(status: Delivery.Status) -> Delivery:
    make_sold_event()
    plan_deliveries(now=datetime.now(UTC))
    delivery = Delivery.objects.get()
    delivery.status = status
    delivery.save()
    return delivery


def press(client: Client, event: Event, button: str, **changes: str) -> Any:
    return client.post(page(event, "broadcast"), WORDS | {"button": button} | changes)


def test_the_step_says_how_many_people_there_are() -> None:
    event, owner, _ = make_sold_event()
    client = logged_in(owner)
    assert page(event, "broadcast") in text(client.get(page(event)))
    assert "Have booked: 1. Wait: 0." in text(client.get(page(event, "broadcast")))


def test_a_preview_shows_the_mail_and_sends_nothing() -> None:
    event, owner, _ = make_sold_event()
    answer = press(logged_in(owner), event, "preview")
    assert answer.status_code == 200
    assert "They open &amp;lt;at&amp;gt; seven." in text(answer)
    assert 'value="Doors &amp; drinks"' in text(answer)
    assert not Broadcast.objects.exists()
    assert not Notice.objects.filter(kind=Kind.BROADCAST).exists()


def test_a_test_goes_to_the_author_and_the_page_keeps_the_words() -> None:
    event, owner, _ = make_sold_event()
    answer = press(logged_in(owner), event, "test")
    assert f"A test is on its way to {owner.email}." in text(answer)
    assert 'value="Doors &amp; drinks"' in text(answer)
    assert Notice.objects.get(kind=Kind.BROADCAST).user == owner
    assert not Broadcast.objects.exists()


def test_a_message_is_sent_once_it_is_meant() -> None:
    event, owner, _ = make_sold_event()
    client = logged_in(owner)
    answer = press(client, event, "")
    broadcast = Broadcast.objects.get()
    assert answer["Location"] == page(broadcast)
    assert told(answer) == "Your message is on its way."
    assert "0 of 1 people are told." in text(client.get(page(broadcast)))


def test_what_cannot_be_sent_is_said_on_the_page() -> None:
    event, owner, _ = make_sold_event()
    client = logged_in(owner)
    assert press(client, event, "test", subject="").status_code == 409
    answer = press(client, event, "", audience="waiting")
    assert "There is nobody to tell" in text(answer)
    assert not Broadcast.objects.exists()


def test_the_page_of_a_message_shows_what_became_of_its_mails() -> None:
    event, owner, guest = make_sold_event()
    broadcast = make_broadcast(event, owner)
    plan_deliveries(now=datetime.now(UTC))
    client = logged_in(owner)
    progress = reverse("admin:notifications_broadcast_progress", args=[broadcast.pk])
    assert "hx-get" in text(client.get(progress))
    Delivery.objects.filter(notice__kind=Kind.BROADCAST).update(status=Delivery.Status.FAILED)
    shown = text(client.get(page(broadcast)))
    assert "1 of 1 people are told. Mails: 1 of 1 are done with." in shown
    assert guest.email in shown
    assert "hx-get" not in text(client.get(progress))


def test_only_editors_of_an_event_see_the_messages_to_its_people() -> None:
    event, owner, _ = make_sold_event()
    broadcast = make_broadcast(event, owner)
    viewer, rival = make_user(), make_user()
    add_member(event.organiser, viewer, Role.VIEWER)
    make_organiser(rival)
    addresses = (page(event, "broadcast"), page(broadcast), page(broadcast, "progress"))
    for stranger in (viewer, rival):
        for address in addresses:
            assert logged_in(stranger).get(address).status_code == 403
        press(logged_in(stranger), event, "")
    messages = reverse("admin:notifications_broadcast_changelist")
    assert logged_in(viewer).get(messages).status_code == 403
    listed = text(logged_in(rival).get(messages))
    assert "Doors" not in listed
    assert Broadcast.objects.count() == 1


def test_staff_send_again_what_failed() -> None:
    delivery = make_delivery(Delivery.Status.FAILED)
    client = logged_in(make_user(is_staff=True))
    action = {"action": "again", "_selected_action": [str(delivery.pk)]}
    client.post(reverse(DELIVERIES), action)
    delivery.refresh_from_db()
    assert delivery.status == Delivery.Status.DUE


def test_what_arrived_is_not_sent_again() -> None:
    delivery = make_delivery(Delivery.Status.DELIVERED)
    client = logged_in(make_user(is_staff=True))
    action = {"action": "again", "_selected_action": [str(delivery.pk)]}
    client.post(reverse(DELIVERIES), action)
    delivery.refresh_from_db()
    assert delivery.status == Delivery.Status.DELIVERED


def test_staff_see_a_delivery_with_its_attempts() -> None:
    delivery = make_delivery(Delivery.Status.FAILED)
    delivery.tries.create(
        number=1, at=datetime.now(UTC), provider="smtp", outcome="refused", detail="450 later"
    )
    client = logged_in(make_user(is_staff=True))
    assert "450 later" in text(client.get(page(delivery)))
    assert delivery.notice.user.email in text(client.get(reverse(DELIVERIES)))


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", MAILED)
def test_staff_look_at_each_mail_as_html_and_text(kind: Kind, language: str) -> None:
    client = logged_in(make_user(is_staff=True))
    for form, beginning in (("html", "<!DOCTYPE html>"), ("txt", "")):
        address = reverse("admin:notifications_delivery_preview", args=[kind, language, form])
        answer = client.get(address)
        assert answer.status_code == 200
        assert text(answer).startswith(beginning)
        assert "cid:" not in text(answer)


def test_staff_see_all_mails_on_one_page() -> None:
    client = logged_in(make_user(is_staff=True))
    shown = text(client.get(reverse("admin:notifications_delivery_previews")))
    assert shown.count("<iframe") == len(MAILED)


def test_a_preview_of_no_kind_is_not_there() -> None:
    client = logged_in(make_user(is_staff=True))
    for kind, form in (("nothing", "html"), ("welcome", "pdf"), ("offer_passed", "html")):
        address = reverse("admin:notifications_delivery_preview", args=[kind, "en", form])
        assert client.get(address).status_code == 404


def test_mails_are_for_staff_alone() -> None:
    delivery = make_delivery(Delivery.Status.FAILED)
    owner = User.objects.get(name="Olga")
    for address in (
        reverse(DELIVERIES),
        page(delivery),
        reverse("admin:notifications_delivery_previews"),
        reverse("admin:notifications_delivery_preview", args=["welcome", "en", "html"]),
        reverse("admin:notifications_suppression_changelist"),
    ):
        assert logged_in(owner).get(address).status_code == 403


def test_staff_lift_what_stops_mail_to_an_address() -> None:
    stopped = Suppression.objects.create(
        email="a@example.com", reason=Suppression.Reason.BOUNCE, at=datetime.now(UTC)
    )
    client = logged_in(make_user(is_staff=True))
    client.post(page(stopped, "delete"), {"post": "yes"})
    assert not Suppression.objects.exists()
