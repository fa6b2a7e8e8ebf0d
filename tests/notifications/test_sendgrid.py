"""SendGrid first, SMTP when that fails; what it tells later settles what was open."""

import base64
import json
from collections import Counter
from datetime import UTC, datetime
from itertools import chain, repeat
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from pytest_django import Settings

from evently.breaker import Breaker
from evently.dev.redis import free_port
from notifications.delivery import claims, deliver_batch, routes, settle_unanswered
from notifications.delivery.message import message_id_of
from notifications.models import Attempt, Delivery, Suppression
from tests.notifications.mailroom import FakeSendGrid, MoodySmtp
from tests.notifications.people import due_deliveries, due_delivery, state_of

pytestmark = pytest.mark.django_db(transaction=True)
Status, Outcome = Delivery.Status, Attempt.Outcome
ADDRESS = "/anymail/sendgrid/tracking/"


def now() -> datetime:
    return datetime.now(UTC)


def outcomes_of(delivery: Delivery) -> list[tuple[str, str]]:
    return list(delivery.tries.values_list("provider", "outcome"))


class Hook:
    """Tells what became of mails as SendGrid does, with its signature."""

    def __init__(self) -> None:
        self._client = Client()
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        """As SendGrid's settings show it."""
        der = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode()

    def tell(self, event: str, delivery: Delivery, **more: Any) -> int:
        """Returns the status of the answer."""
        told = {
            "event": event,
            "email": delivery.notice.user.email,
            "timestamp": int(now().timestamp()),
            "sg_event_id": "e1",
            "anymail_id": "a1",
            "delivery_id": str(delivery.pk),
        }
        return self.post(json.dumps([told | more]).encode())

    def post(self, body: bytes, signature: str | None = None) -> int:
        stamp = "1767225600"
        signed = self._key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        headers = {
            "X-Twilio-Email-Event-Webhook-Signature": signature
            or base64.b64encode(signed).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        }
        answer = self._client.post(ADDRESS, body, content_type="application/json", headers=headers)
        return answer.status_code


@pytest.fixture
def hook(settings: Settings) -> Hook:
    hook = Hook()
    settings.SENDGRID_WEBHOOK_VERIFICATION_KEY = hook.public_key
    return hook


# --- Who is asked ---------------------------------------------------------------------------------


def test_sendgrid_is_asked_first(sendgrid: FakeSendGrid, smtp: MoodySmtp) -> None:
    delivery = due_delivery()
    deliver_batch(now=now())
    delivery.refresh_from_db()
    assert (delivery.status, delivery.provider) == (Status.SENT, "sendgrid")
    assert delivery.provider_message_id
    assert sendgrid.accepted_ids() == [str(delivery.pk)]
    [mail] = sendgrid.accepted
    assert mail["headers"]["Message-ID"] == message_id_of(delivery)
    assert mail["personalizations"][0]["to"] == [{"email": delivery.notice.user.email}]
    assert smtp.taken == []


def test_smtp_has_what_sendgrid_does_not_take_and_sendgrid_rests(
    sendgrid: FakeSendGrid, smtp: MoodySmtp
) -> None:
    sendgrid.mood = lambda: "500"
    first, second = due_deliveries(2)
    deliver_batch(now=now())
    assert outcomes_of(first) == [("sendgrid", Outcome.REFUSED), ("smtp", Outcome.ACCEPTED)]
    assert outcomes_of(second) == [("smtp", Outcome.ACCEPTED)]
    assert sendgrid.asked == 1
    assert len(smtp.taken) == 2


def test_smtp_has_the_mail_when_nobody_listens_at_sendgrids_address(
    sendgrid: FakeSendGrid, smtp: MoodySmtp, settings: Settings
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/v3/"
    settings.ANYMAIL = settings.ANYMAIL | {"SENDGRID_API_URL": nobody}
    delivery = due_delivery()
    deliver_batch(now=now())
    assert state_of(delivery) == Status.SENT
    assert len(smtp.taken) == 1


def test_a_wrong_key_costs_no_mail(
    sendgrid: FakeSendGrid, smtp: MoodySmtp, settings: Settings
) -> None:
    settings.SENDGRID_API_KEY = "SG.wrong"
    delivery = due_delivery()
    deliver_batch(now=now())
    assert outcomes_of(delivery) == [("sendgrid", Outcome.REFUSED), ("smtp", Outcome.ACCEPTED)]
    assert len(smtp.taken) == 1


# --- Answers that were lost -----------------------------------------------------------------------


def test_a_lost_answer_is_waited_for_and_sent_again_only_if_nothing_is_heard(
    sendgrid: FakeSendGrid, smtp: MoodySmtp, hook: Hook
) -> None:
    moods = iter(["lost", "deaf"])
    sendgrid.mood = lambda: next(moods)
    taken = due_delivery()
    deliver_after_rest()
    not_taken = due_delivery()
    deliver_after_rest()
    assert state_of(taken) == state_of(not_taken) == Status.SENDING
    assert smtp.taken == []

    assert hook.tell("processed", taken) == 200
    settle_unanswered(now=now())
    assert deliver_batch(now=now()) == 0

    later = now() + claims.GRACE["sendgrid"]
    settle_unanswered(now=later)
    deliver_batch(now=later)
    assert state_of(taken) == state_of(not_taken) == Status.SENT
    assert [mail["Message-ID"] for mail in smtp.taken] == [message_id_of(not_taken)]


def test_without_the_webhook_a_lost_answer_counts_as_sent_and_is_listed(
    sendgrid: FakeSendGrid, smtp: MoodySmtp
) -> None:
    sendgrid.mood = lambda: "lost"
    delivery = due_delivery()
    deliver_batch(now=now())
    assert state_of(delivery) == Status.UNCONFIRMED
    later = now() + claims.GRACE["sendgrid"]
    settle_unanswered(now=later)
    assert deliver_batch(now=later) == 0
    assert smtp.taken == []


def test_every_mail_arrives_once_while_sendgrid_fails_times_out_and_recovers(
    sendgrid: FakeSendGrid, smtp: MoodySmtp, hook: Hook
) -> None:
    """It takes some of those that it says nothing about, and its events tell which."""
    deliveries = []
    moods = chain(["500", "500", "lost", "deaf", "lost", "deaf"], repeat("works"))
    sendgrid.mood = lambda: next(moods)
    for _ in range(12):
        deliveries.append(due_delivery())
        deliver_after_rest()
    assert {"sending", "sent"} == {state_of(delivery) for delivery in deliveries}
    by_id = {str(delivery.pk): delivery for delivery in deliveries}
    for delivery_id in sendgrid.accepted_ids():
        assert hook.tell("delivered", by_id[delivery_id]) == 200
    later = now() + claims.GRACE["sendgrid"]
    settle_unanswered(now=later)
    deliver_batch(now=later)
    by_smtp = [str(mail["Message-ID"]) for mail in smtp.taken]
    by_api = [message_id_of(by_id[delivery_id]) for delivery_id in sendgrid.accepted_ids()]
    assert Counter(by_smtp + by_api) == {message_id_of(each): 1 for each in deliveries}
    assert {state_of(delivery) for delivery in deliveries} == {Status.SENT, Status.DELIVERED}
    assert len(by_smtp) >= 2
    assert len(by_api) >= 4


def deliver_after_rest() -> None:
    """As long after the last failure as SendGrid is left alone, and as many mails."""
    routes._breakers["sendgrid"] = Breaker(pause=30.0)
    deliver_batch(now=now())


# --- The webhook ----------------------------------------------------------------------------------


@pytest.fixture
def sent(sendgrid: FakeSendGrid) -> Delivery:
    """A mail that SendGrid has."""
    delivery = due_delivery()
    deliver_batch(now=now())
    return delivery


def test_a_delivered_mail_is_known_as_delivered_however_often_it_is_told(
    sent: Delivery, hook: Hook
) -> None:
    for event in ("delivered", "delivered", "processed", "deferred"):
        assert hook.tell(event, sent) == 200
    assert state_of(sent) == Status.DELIVERED
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("event", "more", "status", "reason"),
    [
        ("bounce", {"type": "bounce", "reason": "550 nobody"}, "failed", "bounce"),
        ("bounce", {"type": "blocked", "reason": "421 busy"}, "failed", None),
        ("dropped", {"reason": "Bounced Address"}, "failed", "bounce"),
        ("deferred", {"response": "400 later"}, "sent", None),
        ("spamreport", {}, "sent", "complaint"),
        ("unsubscribe", {}, "sent", "unsubscribed"),
    ],
)
def test_bounces_and_complaints_stop_further_mail(
    sent: Delivery, hook: Hook, event: str, more: dict[str, str], status: str, reason: str | None
) -> None:
    for _ in range(2):
        assert hook.tell(event, sent, **more) == 200
    assert state_of(sent) == status
    reasons = list(Suppression.objects.values_list("reason", flat=True))
    assert reasons == ([reason] if reason else [])


@pytest.mark.parametrize("signature", ["bm90IG91cnM=", "not even base 64", "ü"])
def test_a_wrong_signature_is_refused(sent: Delivery, hook: Hook, signature: str) -> None:
    told = [{"event": "bounce", "email": "a@example.com", "delivery_id": str(sent.pk)}]
    assert hook.post(json.dumps(told).encode(), signature) == 400
    assert state_of(sent) == Status.SENT
    assert not Suppression.objects.exists()


def test_another_keys_signature_is_refused(sent: Delivery, hook: Hook) -> None:
    assert Hook().tell("bounce", sent, type="bounce") == 400
    assert state_of(sent) == Status.SENT


def test_without_a_key_nobody_is_believed(sent: Delivery, settings: Settings) -> None:
    settings.SENDGRID_WEBHOOK_VERIFICATION_KEY = ""
    assert Hook().tell("bounce", sent, type="bounce") == 400
    assert state_of(sent) == Status.SENT


def test_news_of_mails_that_are_not_ours_is_taken_and_forgotten(hook: Hook) -> None:
    told = [
        {"event": "delivered", "email": "a@example.com", "timestamp": 1_767_225_600},
        {"event": "delivered", "email": "a@example.com", "delivery_id": "x"},
    ]
    assert hook.post(json.dumps(told).encode()) == 200
