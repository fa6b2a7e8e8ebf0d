"""The figures of mail at /metrics, and whether mail works at /health."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from evently import parts
from evently.dev.redis import free_port
from evently.figures import metrics_text
from notifications.checks import check_mail
from notifications.delivery import deliver_batch
from notifications.models import Delivery
from tests.makers import make_user
from tests.notifications.mailroom import FakeSendGrid, MoodySmtp
from tests.notifications.people import due_deliveries, welcome

pytestmark = pytest.mark.django_db(transaction=True)


def figures(client: Client, name: str) -> dict[tuple[str, ...], float]:
    """Values by labels, which the parser puts in the order of their names."""
    text = metrics_text().decode()
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def test_the_queue_its_age_and_the_attempts_are_shown(client: Client, smtp: MoodySmtp) -> None:
    due_deliveries(3)
    welcome([make_user()])
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    Delivery.objects.update(due_at=hour_ago)
    queue = figures(client, "evently_mail_queue")
    assert queue == {("new",): 1, ("due",): 3, ("sending",): 0, ("failed",): 0, ("unconfirmed",): 0}
    assert 3_600 <= figures(client, "evently_mail_oldest_due_seconds")[()] < 3_700

    smtp.answers["RCPT"] = "550 Nobody"
    assert deliver_batch(now=datetime.now(UTC)) == 3
    assert figures(client, "evently_mail_queue")["failed",] == 3
    assert figures(client, "evently_mail_attempts_total") == {("rejected", "smtp"): 3}


@pytest.fixture(autouse=True)
def _unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_mail_checked", None)


def test_mail_works_when_one_way_does(smtp: MoodySmtp, sendgrid: FakeSendGrid) -> None:
    ways = {"smtp": "ok", "sendgrid": "ok"}
    assert parts._check_mail() == {"status": "ok", "oldest_due_seconds": 0, **ways}


def test_mail_works_still_when_only_one_way_is_left(
    smtp: MoodySmtp, sendgrid: FakeSendGrid, settings: Settings
) -> None:
    settings.ANYMAIL = {"SENDGRID_API_URL": f"http://127.0.0.1:{free_port()}/v3/"}
    ways = {"smtp": "ok", "sendgrid": "down"}
    assert parts._check_mail() == {"status": "ok", "oldest_due_seconds": 0, **ways}


def test_mail_is_down_when_nobody_takes_it(settings: Settings) -> None:
    assert parts._check_mail() == {"status": "down", "oldest_due_seconds": 0}
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    parts._mail_checked = None
    found = parts._check_mail()
    assert found == {"status": "down", "oldest_due_seconds": 0, "smtp": "down"}


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ({}, ["notifications.W001"]),
        ({"EMAIL_HOST": "127.0.0.1"}, []),
        ({"EMAIL_HOST": "smtp.example.com"}, ["notifications.W004"]),
        ({"EMAIL_HOST": "smtp.example.com", "EMAIL_USE_TLS": True}, []),
        ({"SENDGRID_API_KEY": "SG.x"}, ["notifications.W002"]),
        ({"SENDGRID_API_KEY": "SG.x", "SENDGRID_WEBHOOK_VERIFICATION_KEY": "k"}, []),
        (
            {
                "SENDGRID_API_KEY": "SG.x",
                "SENDGRID_WEBHOOK_VERIFICATION_KEY": "k",
                "ANYMAIL": {"SENDGRID_API_URL": "http://127.0.0.1/"},
            },
            ["notifications.W003"],
        ),
    ],
)
def test_unsafe_settings_of_mail_are_named(
    settings: Settings, values: dict[str, object], ids: list[str]
) -> None:
    for name, value in values.items():
        setattr(settings, name, value)
    assert [warning.id for warning in check_mail(None)] == ids
