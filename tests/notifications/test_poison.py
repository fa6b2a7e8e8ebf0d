"""A mail that cannot be written or sent stops no other, and comes to an end itself."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from evently import parts
from evently.accounts.models import User
from notifications import rendering
from notifications.delivery import deliver_batch, plan_deliveries, posting, settle_unanswered
from notifications.delivery.message import message_of
from notifications.delivery.outcomes import PAUSES
from notifications.delivery.sendgrid import SendGridProvider
from notifications.models import Attempt, Delivery, Kind, Notice
from tests.makers import make_booking, make_event, make_user
from tests.notifications.mailroom import FakeSendGrid, MoodySmtp
from tests.notifications.people import due_deliveries, state_of

pytestmark = pytest.mark.django_db(transaction=True)
Status, Outcome = Delivery.Status, Attempt.Outcome
Spoil = Callable[[Delivery, pytest.MonkeyPatch], None]


def now() -> datetime:
    return datetime.now(UTC)


def outcomes_of(delivery: Delivery) -> list[tuple[str, str]]:
    return list(delivery.tries.values_list("provider", "outcome"))


def give_address(delivery: Delivery, address: str) -> None:
    """As rows from before the rule for addresses may have it."""
    User.objects.filter(notices=delivery.notice).update(email=address)


def with_address(address: str) -> Spoil:
    return lambda delivery, _patch: give_address(delivery, address)


def with_message(change: Callable[[EmailMultiAlternatives], None]) -> Spoil:
    """The message of the one delivery is changed before it is sent."""

    def spoil(spoilt: Delivery, patch: pytest.MonkeyPatch) -> None:
        def changed(delivery: Delivery) -> EmailMultiAlternatives:
            message = message_of(delivery)
            if delivery == spoilt:
                change(message)
            return message

        patch.setattr(posting, "message_of", changed)

    return spoil


def with_template_error(spoilt: Delivery, patch: pytest.MonkeyPatch) -> None:
    real = render_to_string

    def fail_for_one(template: str, context: dict[str, Any]) -> str:
        if context["reader"] == spoilt.notice.user:
            raise TypeError("no such value\0 \ud800")
        return real(template, context)

    patch.setattr(rendering, "render_to_string", fail_for_one)


def set_subject(subject: str) -> Spoil:
    return with_message(lambda message: setattr(message, "subject", subject))


def take_too_long(_message: EmailMultiAlternatives) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 1; SELECT pg_sleep(10)")


class NoFile:
    """An attachment that is none."""


POISONS: dict[str, Spoil] = {
    "letters beyond ASCII before the @": with_address("i̇stanbul@example.com"),
    "an address with a new line": with_address("ada@example.com\nBcc: all@example.com"),
    "no address": with_address("ada"),
    "no domain": with_address("ada@☃.example"),
    "a subject of two lines": set_subject("Doors\nBcc: all@example.com"),
    "half a letter in the text": with_message(lambda it: setattr(it, "body", "\ud800")),
    "a template that breaks": with_template_error,
    "a file that is none": with_message(lambda it: it.attachments.append(NoFile())),
    "a query that takes too long": with_message(take_too_long),
    "two recipients": with_message(lambda it: it.to.append("bob@example.com")),
}


@pytest.fixture(params=POISONS)
def spoil(request: pytest.FixtureRequest) -> Spoil:
    return POISONS[request.param]


def test_one_mail_that_cannot_be_sent_stops_no_other(
    smtp: MoodySmtp, monkeypatch: pytest.MonkeyPatch, spoil: Spoil
) -> None:
    before, poison, *behind = due_deliveries(5)
    spoil(poison, monkeypatch)
    assert deliver_batch(now=now()) == 5
    assert {state_of(delivery) for delivery in (before, *behind)} == {Status.SENT}
    assert sorted(smtp.recipients) == sorted(
        delivery.notice.user.email for delivery in (before, *behind)
    )
    poison.refresh_from_db()
    assert (poison.status, poison.attempts, poison.claimed_until) == (Status.DUE, 1, None)
    assert poison.due_at > now()
    assert poison.last_error


def test_it_comes_to_an_end_that_staff_see(
    smtp: MoodySmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    [poison] = due_deliveries(1)
    with_template_error(poison, monkeypatch)
    at = now()
    for _ in range(len(PAUSES) + 1):
        assert deliver_batch(now=at) == 1
        poison.refresh_from_db()
        at = poison.due_at
    assert (poison.status, smtp.taken) == (Status.FAILED, [])
    assert outcomes_of(poison) == [("evently", Outcome.BROKEN)] * (len(PAUSES) + 1)
    client = Client()
    client.force_login(make_user(is_staff=True))
    page = reverse("admin:notifications_delivery_change", args=[poison.pk])
    assert "no such value" in client.get(page).content.decode()
    failed = reverse("admin:notifications_delivery_changelist") + "?status__exact=failed"
    assert poison.notice.user.email in client.get(failed).content.decode()


def test_sendgrid_gets_the_others_too(
    sendgrid: FakeSendGrid, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, *others = due_deliveries(3)
    give_address(poison, "i̇stanbul@example.com")
    deliver_batch(now=now())
    assert sorted(sendgrid.accepted_ids()) == sorted(str(other.pk) for other in others)
    assert state_of(poison) == Status.DUE


def test_what_breaks_when_sendgrid_may_have_it_is_not_sent_twice(
    sendgrid: FakeSendGrid, smtp: MoodySmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, other = due_deliveries(2)
    real = SendGridProvider._post

    def break_after(provider: SendGridProvider, message: EmailMultiAlternatives) -> None:
        real(provider, message)
        if message.to == [poison.notice.user.email]:
            raise KeyError("ours")

    monkeypatch.setattr(SendGridProvider, "_post", break_after)
    deliver_batch(now=now())
    assert (state_of(poison), state_of(other)) == (Status.UNCONFIRMED, Status.SENT)
    assert sendgrid.accepted_ids().count(str(poison.pk)) == 1


def test_a_mail_that_is_never_answered_comes_to_an_end(
    sendgrid: FakeSendGrid, settings: Settings
) -> None:
    settings.SENDGRID_WEBHOOK_VERIFICATION_KEY = "a key: events are heard"
    [delivery] = due_deliveries(1)
    for attempts in range(len(PAUSES) + 1):
        Delivery.objects.update(
            status=Status.SENDING, provider="sendgrid", attempts=attempts, claimed_until=now()
        )
        settle_unanswered(now=now())
    assert state_of(delivery) == Status.UNCONFIRMED


@pytest.mark.parametrize("reply", ["451 Come\0again", "451 K\xf6nnen nicht"])
def test_what_a_server_says_is_kept_whatever_it_says(
    smtp: MoodySmtp, reply: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    [delivery] = due_deliveries(1)
    monkeypatch.setattr("smtplib.SMTP.rcpt", lambda *_: (451, reply.encode("latin-1")))
    deliver_batch(now=now())
    delivery.refresh_from_db()
    assert delivery.status == Status.DUE
    assert delivery.last_error.startswith("451 ")


# --- What looks like poison and is none ----------------------------------------------------------


def test_a_domain_with_umlauts_gets_its_mail_and_so_does_everybody_behind(smtp: MoodySmtp) -> None:
    anna, *behind = due_deliveries(4)
    give_address(anna, "anna@müller-käse.example")
    deliver_batch(now=now())
    assert {state_of(delivery) for delivery in (anna, *behind)} == {Status.SENT}
    assert len(smtp.recipients) == 4
    assert smtp.recipients.count("anna@xn--mller-kse-12a1x.example") == 1
    assert [mail["To"] for mail in smtp.taken] == smtp.recipients


def test_sendgrid_is_told_the_domain_in_ascii(sendgrid: FakeSendGrid) -> None:
    [anna] = due_deliveries(1)
    give_address(anna, "anna@straße.example")
    deliver_batch(now=now())
    [mail] = sendgrid.accepted
    assert mail["personalizations"][0]["to"] == [{"email": "anna@xn--strae-oqa.example"}]
    assert state_of(anna) == Status.SENT


def test_mails_about_accounts_go_to_the_domain_in_ascii_as_well(
    smtp: MoodySmtp, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "evently.mail.SmtpBackend"
    make_user(email="anna@straße.example")
    Client().post(reverse("account_reset_password"), {"email": "anna@straße.example"})
    assert smtp.recipients == ["anna@xn--strae-oqa.example"]
    [mail] = smtp.taken
    assert mail["To"] == "anna@xn--strae-oqa.example"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_mail_about_an_account_to_an_address_of_old_breaks_no_page(
    smtp: MoodySmtp, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "evently.mail.SmtpBackend"
    assert send_mail("Verify", "Follow the link", None, ["i̇stanbul@example.com"]) == 0
    assert send_mail("Verify", "Follow the link", None, ["ada@example.com"]) == 1
    assert smtp.recipients == ["ada@example.com"]
    assert "was not sent" in caplog.text


def test_old_names_with_signs_that_nobody_sees_break_no_header_and_no_calendar(
    smtp: MoodySmtp,
) -> None:
    event = make_event()
    event.name, event.organiser.name = "La\u202ete\x07\x85Jazz" + "z" * 180, 'Blue\n"Note"\u202e'
    type(event).objects.filter(pk=event.pk).update(name=event.name)
    type(event.organiser).objects.filter(pk=event.organiser.pk).update(name=event.organiser.name)
    make_booking(event)
    Notice.objects.exclude(kind=Kind.BOOKING_CONFIRMED).delete()
    plan_deliveries(now=now())
    deliver_batch(now=now())
    [mail] = smtp.taken
    text = str(mail)
    assert mail["Subject"]
    for unseen in ("\u202e", "\x07", "\x85"):
        assert unseen not in text
    [file] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    lines = bytes(file.get_payload(decode=True)).decode().replace("\r\n ", "").split("\r\n")
    assert f"SUMMARY:Late Jazz{'z' * 180}" in lines
    assert any(line.startswith("ORGANIZER;CN=\"Blue 'Note'\":mailto:") for line in lines)


# --- And it is seen -------------------------------------------------------------------------------


def test_mail_that_is_due_for_long_degrades_health(
    smtp: MoodySmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MAIL_CHECKED_EVERY_SECONDS", -1)
    [delivery] = due_deliveries(1)
    assert parts._check_mail()["status"] == "ok"
    Delivery.objects.update(due_at=datetime.fromtimestamp(now().timestamp() - 301, UTC))
    found = parts._check_mail()
    assert (found["status"], found["smtp"]) == ("down", "ok")
    assert found["oldest_due_seconds"] >= 301
    deliver_batch(now=now())
    assert state_of(delivery) == Status.SENT
    assert parts._check_mail()["status"] == "ok"
