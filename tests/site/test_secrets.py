"""Keys and passwords that others know are refused before anything is served."""

import re
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from evently.checks import check_secrets, check_tokens

CHECKOUT = Path(__file__).resolve().parents[2]
GOOD = "Qm7rX2vLtY9cKfJp4WzB8nHsDgE3aUuRoT6yVixN5kMhPbCq1FwZjSdA0elGIOv7"


@pytest.fixture(autouse=True)
def _good(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SECRET_KEY = settings.TOKEN_KEY = GOOD
    settings.SECRET_KEY_FALLBACKS = settings.TOKEN_KEY_FALLBACKS = []
    for name in ("REDIS_URL", "EVENTLY_ADMIN_PASSWORD", "EMAIL_HOST_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    password = secrets.token_urlsafe(24)
    monkeypatch.setenv("DATABASE_URL", f"postgres://evently:{password}@db.example.com/evently")


def messages() -> list[str]:
    return [message.msg for message in check_secrets(None)]


def test_secrets_of_ones_own_will_do() -> None:
    assert messages() == []


@pytest.mark.parametrize("setting", ["SECRET_KEY", "TOKEN_KEY"])
@pytest.mark.parametrize(
    "key",
    [
        "change-me-this-key-is-for-trying-evently-on-one-machine-only",
        "django-insecure-" + GOOD,
        "insecure-" + GOOD,
        "for-the-build-only",
        "the one key of a test that lives for some seconds",
        "# python -c 'import secrets; print(secrets.token_urlsafe(50))'",
        "your-secret-key-goes-right-here-and-is-long-enough",
        "short",
        GOOD[:20],
        "a" * 80,
        "abcabcabcabcabcabcabcabcabcabcabcabcabc",
    ],
)
def test_a_published_or_guessable_key_is_refused(
    settings: Settings, setting: str, key: str
) -> None:
    setattr(settings, setting, key)
    [message] = messages()
    assert message.startswith(f"{setting} ")
    assert key not in message


@pytest.mark.parametrize("setting", ["SECRET_KEY_FALLBACKS", "TOKEN_KEY_FALLBACKS"])
def test_a_former_key_is_looked_at_too(settings: Settings, setting: str) -> None:
    setattr(settings, setting, [GOOD, "change-me-" + GOOD])
    assert len(messages()) == 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "postgres://evently:evently@postgres:5432/evently"),
        ("DATABASE_URL", "postgres://evently:password@db.example.com:5432/evently"),
        ("DATABASE_URL", "postgres://evently@db.example.com/evently"),
        ("DATABASE_URL", "postgres://evently:short@db.example.com/evently"),
        ("REDIS_URL", "redis://:redis@redis.example.com:6379/0"),
        ("EVENTLY_ADMIN_PASSWORD", "evently"),
        ("EMAIL_HOST_PASSWORD", "changeme"),
    ],
)
def test_a_published_password_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    [message] = messages()
    assert variable in message


def test_a_socket_of_this_machine_needs_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres:///evently?host=/run/postgresql")
    assert messages() == []


def test_compose_publishes_no_secret_and_says_what_is_missing() -> None:
    text = (CHECKOUT / "compose.yaml").read_text()
    wanted = ("SECRET_KEY", "POSTGRES_PASSWORD", "EVENTLY_ADMIN_PASSWORD")
    for name in wanted:
        uses = re.findall(rf"\$\{{{name}(?!\w)(.*?)\}}", text)
        assert uses
        assert all(use.startswith(":?") and ".env" in use for use in uses), name
    defaults = dict(re.findall(r"\$\{(\w+):-(.*?)\}", text))
    secret = re.compile("KEY|PASSWORD$|SECRET")
    assert {name: value for name, value in defaults.items() if secret.search(name) and value} == {}


# --- Settings of tokens ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"SIMPLE_JWT": {"ALGORITHM": "RS256"}},
        {"SIMPLE_JWT": {"LEEWAY": 10}},
        {"SIMPLE_JWT": {}},
        {"ACCESS_TOKEN_LIFETIME": timedelta(0)},
        {"ACCESS_TOKEN_LIFETIME": 900},
        {"REFRESH_TOKEN_LIFETIME": timedelta(minutes=1)},
        {"REFRESH_TOKEN_LIFETIME": None},
        {"TOKEN_KEY": ""},
        {"TOKEN_KEY_FALLBACKS": [GOOD]},
    ],
)
def test_a_setting_that_the_reader_of_tokens_does_not_follow_is_refused(
    settings: Settings, changes: dict[str, Any]
) -> None:
    assert check_tokens(None) == []
    for name, value in changes.items():
        setattr(settings, name, value)
    assert [message.id for message in check_tokens(None)] == ["evently.E003"]
