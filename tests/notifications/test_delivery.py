"""Mail by SMTP: once, in spite of refusals, crashes and rival workers."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend
from django.db import OperationalError, connection
from pytest_django import Settings

from evently.dev.redis import free_port
from evently.transactions import unit_of_work
from notifications.delivery import (
    claims,
    deliver_batch,
    outcomes,
    plan_deliveries,
    posting,
    send_again,
    settle_unanswered,
)
from notifications.delivery.answers import ClaimLost
from notifications.delivery.message import message_of
from notifications.delivery.outcomes import PAUSES
from notifications.delivery.smtp import SmtpProvider
from notifications.errors import NothingToSendAgain
from notifications.models import Attempt, Channel, Delivery, Kind, Preference, Suppression
from notifications.writing import Telling, write_notices
from tests.makers import make_event, make_user
from tests.notifications.mailroom import MoodySmtp, arrivals, mails_in
from tests.notifications.people import due_deliveries, due_delivery, state_of, welcome

pytestmark = pytest.mark.django_db(transaction=True)
Status, Outcome = Delivery.Status, Attempt.Outcome


def now() -> datetime:
    return datetime.now(UTC)


def outcomes_of(delivery: Delivery) -> list[tuple[str, str]]:
    return list(delivery.tries.values_list("provider", "outcome"))


# --- The plain way --------------------------------------------------------------------------------


def test_a_notice_becomes_a_mail(mail_folder: Path) -> None:
    delivery = due_delivery(make_user("Ada", email="ada@example.com"))
    assert deliver_batch(now=now()) == 1
    [mail] = mails_in(mail_folder)
    assert mail["To"] == "ada@example.com"
    assert mail["Message-ID"] == f"<{delivery.pk.hex}@evently.example>"
    kinds = [part.get_content_type() for part in mail.walk()]
    assert {"text/plain", "text/html"} <= set(kinds)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.provider, delivery.attempts) == (Status.SENT, "smtp", 1)
    assert delivery.sent_at
    assert outcomes_of(delivery) == [("smtp", Outcome.ACCEPTED)]
    assert deliver_batch(now=now()) == 0


def test_lines_of_dots_arrive_as_they_were(
    mail_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    due_delivery()
    real = message_of

    def dotted(delivery: Delivery) -> EmailMultiAlternatives:
        message = real(delivery)
        message.body = ".\n..\n. end"
        return message

    monkeypatch.setattr(posting, "message_of", dotted)
    deliver_batch(now=now())
    [mail] = mails_in(mail_folder)
    [text] = [part for part in mail.walk() if part.get_content_type() == "text/plain"]
    assert bytes(text.get_payload(decode=True)).split() == [b".", b"..", b".", b"end"]


def test_many_mails_share_a_connection(mail_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    due_deliveries(20)
    opened: list[None] = []
    real = EmailBackend.open

    def count(backend: EmailBackend) -> bool | None:
        is_new = real(backend)
        opened.extend([None] if is_new else [])
        return is_new

    monkeypatch.setattr(EmailBackend, "open", count)
    assert deliver_batch(now=now()) == 20
    assert len(mails_in(mail_folder)) == 20
    assert len(opened) == 1


# --- Who gets none --------------------------------------------------------------------------------


def test_only_the_kinds_that_a_person_wants_are_mailed() -> None:
    person, other = make_user(), make_user()
    Preference.objects.create(user=person, kind=Kind.WELCOME, channel=Channel.MAIL, wanted=False)
    welcome([person, other])
    assert plan_deliveries(now=now()) == 2
    assert [each.notice.user for each in Delivery.objects.all()] == [other]
    assert plan_deliveries(now=now()) == 0


@pytest.mark.parametrize("reason", Suppression.Reason)
def test_a_suppressed_address_gets_no_mail(mail_folder: Path, reason: Suppression.Reason) -> None:
    delivery = due_delivery()
    Suppression.objects.create(email=delivery.notice.user.email, reason=reason, at=now())
    deliver_batch(now=now())
    assert state_of(delivery) == Status.SUPPRESSED
    assert mails_in(mail_folder) == []


def test_a_closed_account_gets_no_mail(mail_folder: Path) -> None:
    person = make_user()
    delivery = due_delivery(person)
    person.is_active = False
    person.save()
    deliver_batch(now=now())
    assert state_of(delivery) == Status.SUPPRESSED
    assert mails_in(mail_folder) == []


def test_nobody_is_reminded_of_what_has_begun(mail_folder: Path) -> None:
    event = make_event()
    person = make_user()
    with unit_of_work():
        write_notices(
            Kind.EVENT_REMINDER,
            [Telling(user_id=person.pk, event_id=event.pk, about=event.pk, data={"hours": 1})],
        )
    plan_deliveries(now=now())
    deliver_batch(now=event.starts_at)
    assert state_of(Delivery.objects.get()) == Status.SUPPRESSED
    assert mails_in(mail_folder) == []


# --- What goes wrong ------------------------------------------------------------------------------


def test_a_refused_mail_is_tried_again_later_each_time_and_then_given_up(smtp: MoodySmtp) -> None:
    delivery = due_delivery()
    smtp.answers["RCPT"] = "451 Come again"
    at = now()
    for round_done, pause in enumerate(PAUSES, 1):
        assert deliver_batch(now=at) == 1
        delivery.refresh_from_db()
        assert (delivery.status, delivery.attempts) == (Status.DUE, round_done)
        assert pause * 0.8 <= delivery.due_at - at <= pause * 1.2
        assert deliver_batch(now=delivery.due_at - timedelta(seconds=1)) == 0
        at = delivery.due_at
    deliver_batch(now=at)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.last_error) == (Status.FAILED, "451 Come again")
    assert outcomes_of(delivery) == [("smtp", Outcome.REFUSED)] * (len(PAUSES) + 1)
    assert smtp.taken == []


def test_a_dead_letter_can_be_sent_again_by_hand_and_nothing_else(smtp: MoodySmtp) -> None:
    delivery = due_delivery()
    smtp.answers["RCPT"] = "550 No such person"
    deliver_batch(now=now())
    assert state_of(delivery) == Status.FAILED
    del smtp.answers["RCPT"]
    assert deliver_batch(now=now()) == 0
    send_again(delivery_id=delivery.pk, now=now())
    deliver_batch(now=now())
    assert state_of(delivery) == Status.SENT
    with pytest.raises(NothingToSendAgain):
        send_again(delivery_id=delivery.pk, now=now())
    assert state_of(delivery) == Status.SENT
    assert len(smtp.taken) == 1


@pytest.mark.parametrize(
    ("answer", "status"), [("451 Busy", Status.DUE), ("554 Spam", Status.FAILED)]
)
def test_a_mail_refused_at_its_end_was_not_sent(smtp: MoodySmtp, answer: str, status: str) -> None:
    first, second = due_deliveries(2)
    smtp.answers["DATA"] = answer
    deliver_batch(now=now())
    assert state_of(first) == state_of(second) == status
    assert smtp.taken == []


def test_a_mail_whose_answer_is_lost_counts_as_sent_and_is_listed(smtp: MoodySmtp) -> None:
    delivery = due_delivery()
    smtp.answers["DATA"] = None
    deliver_batch(now=now())
    assert state_of(delivery) == Status.UNCONFIRMED
    assert outcomes_of(delivery) == [("smtp", Outcome.UNANSWERED)]
    assert deliver_batch(now=now() + timedelta(days=1)) == 0
    assert len(smtp.taken) == 1


def test_a_server_that_is_out_is_left_alone_and_costs_others_no_attempt(
    settings: Settings,
) -> None:
    deliveries = due_deliveries(3)
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    assert deliver_batch(now=now()) == 1
    assert deliver_batch(now=now()) == 0
    tried = [Delivery.objects.get(pk=delivery.pk).attempts for delivery in deliveries]
    assert tried == [1, 0, 0]
    assert not Delivery.objects.exclude(claimed_until=None).exists()


def test_a_mail_that_cannot_be_written_stops_no_other(
    smtp: MoodySmtp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, fine = due_deliveries(2)
    real = message_of

    def fail_for_one(delivery: Delivery) -> EmailMultiAlternatives:
        if delivery == broken:
            raise KeyError("template")
        return real(delivery)

    monkeypatch.setattr(posting, "message_of", fail_for_one)
    deliver_batch(now=now())
    assert (state_of(broken), state_of(fine)) == (Status.DUE, Status.SENT)
    assert "could not be written" in caplog.text


def test_without_a_way_to_send_mail_it_waits() -> None:
    delivery = due_delivery()
    assert deliver_batch(now=now()) == 0
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (Status.DUE, 0)


# --- Crashes and rivals ---------------------------------------------------------------------------


def test_who_is_killed_before_the_last_line_has_sent_nothing_and_another_sends_it(
    smtp: MoodySmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = due_delivery()
    with monkeypatch.context() as patch:
        patch.setattr("notifications.delivery.smtp.hand_over", killed)
        with pytest.raises(Killed):
            deliver_batch(now=now())
    assert smtp.taken == []
    assert deliver_batch(now=now()) == 0
    assert deliver_batch(now=now() + claims.LEASE) == 1
    assert state_of(delivery) == Status.SENT
    assert len(smtp.taken) == 1


def test_who_is_killed_after_the_last_line_has_sent_it_and_nobody_sends_it_again(
    smtp: MoodySmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = due_delivery()
    monkeypatch.setattr("notifications.delivery.smtp._last_reply", killed)
    with pytest.raises(Killed):
        deliver_batch(now=now())
    assert state_of(delivery) == Status.SENDING
    later = now() + claims.GRACE["smtp"]
    assert deliver_batch(now=later) == 0
    settle_unanswered(now=later)
    assert state_of(delivery) == Status.UNCONFIRMED
    assert deliver_batch(now=later) == 0
    assert len(smtp.taken) == 1


class Killed(BaseException):
    """As by SIGKILL: nobody catches it."""


def killed(*args: object, **kwargs: object) -> None:
    raise Killed


def test_of_two_workers_with_the_same_delivery_one_sends_it(smtp: MoodySmtp) -> None:
    """The first was stopped for longer than its claim lasts, and wakes in the middle of a mail."""
    delivery = due_delivery()
    [slow] = claims.claim_due(now=now())
    [fast] = claims.claim_due(now=now() + claims.LEASE)
    assert slow == fast == delivery
    message = message_of(slow)
    with closing(SmtpProvider()) as first, closing(SmtpProvider()) as second:
        with pytest.raises(ClaimLost):
            first.send(slow, message, now=now())
        assert smtp.taken == []
        second.send(fast, message, now=now())
        with pytest.raises(ClaimLost):
            first.send(slow, message, now=now())
    assert len(smtp.taken) == 1


def test_what_was_sent_is_written_down_when_the_database_is_back(
    smtp: MoodySmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = due_delivery()
    out = iter([True, True, False])
    real = outcomes._settle

    def settle_when_back(*args: Any, **kwargs: Any) -> None:
        if next(out):
            raise OperationalError
        real(*args, **kwargs)

    monkeypatch.setattr(outcomes, "_settle", settle_when_back)
    monkeypatch.setattr(outcomes, "DATABASE_PAUSE_SECONDS", 0.01)
    deliver_batch(now=now())
    assert state_of(delivery) == Status.SENT
    assert outcomes_of(delivery) == [("smtp", Outcome.ACCEPTED)]


def test_many_workers_at_once_bring_each_mail_once(mail_folder: Path) -> None:
    due_deliveries(60)
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        while deliver_batch(now=now()):
            pass
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work) for _ in range(4)]:
            done.result()
    arrived = arrivals(mail_folder)
    assert len(arrived) == 60
    assert set(arrived.values()) == {1}


def test_a_database_that_fails_at_the_last_line_is_told_afterwards(
    smtp: MoodySmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail was sent although nobody confirmed the commit: it must not be sent again."""
    delivery = due_delivery()
    real = claims._begin_handing_over

    def begin_then_lose_the_line(*args: Any) -> None:
        real(*args)
        victim = connection.connection.info.backend_pid
        with connection.get_new_connection(connection.get_connection_params()) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [victim])

    monkeypatch.setattr(claims, "_begin_handing_over", begin_then_lose_the_line)
    deliver_batch(now=now())
    assert state_of(delivery) == Status.SENT
    assert deliver_batch(now=now() + claims.LEASE) == 0
    assert len(smtp.taken) == 1
