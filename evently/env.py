"""The environment, read in this one place: typed readers that refuse nonsense.

Every variable stands in `.env.example`. A value that cannot be understood stops the program with
a sentence that names the variable, before anything is served.
"""

import os
import secrets
from datetime import timedelta
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from evently.dev.home import Services, default_home, find_services

TRUE = {"1", "yes", "on", "true"}
FALSE = {"0", "no", "off", "false", ""}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    word = value.strip().lower()
    if word not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name} is {value!r}: say yes or no.")
    return word in TRUE


def number(name: str, default: int, *, low: int = 0, high: int = 2**31) -> int:
    value = os.environ.get(name)
    if value is None:
        return default
    try:
        figure = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}: give a whole number.") from None
    if not low <= figure <= high:
        raise ImproperlyConfigured(f"{name} is {figure}: it must lie between {low} and {high}.")
    return figure


def minutes(name: str, default: int) -> timedelta:
    return timedelta(minutes=number(name, default, low=1))


def words(name: str, default: str = "") -> list[str]:
    """Values between commas, without empty ones."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def networks(name: str, default: str = "") -> list[IPv4Network | IPv6Network]:
    """Networks in CIDR notation, or single addresses, between commas."""
    try:
        return [ip_network(word) for word in words(name, default)]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} is {text(name)!r}: give networks such as 10.0.0.0/8, with commas between"
            f" ({error})."
        ) from None


def home() -> Path:
    """The folder of the embedded servers' data, logs and secrets."""
    return Path(text("EVENTLY_HOME") or default_home())


@cache
def _running() -> Services | None:
    return find_services(home())


def database_url() -> str:
    """`DATABASE_URL`, else the database of a `make run` in this checkout, else empty."""
    running = _running()
    return text("DATABASE_URL") or (running.database_url if running else "")


def redis_url() -> str:
    """`REDIS_URL`, else the Redis of a `make run` in this checkout, else empty."""
    running = _running()
    return text("REDIS_URL") or (running.redis_url if running else "")


def site_url() -> str:
    """`SITE_URL`, else the address of a `make run` in this checkout."""
    running = _running()
    return text("SITE_URL") or f"http://127.0.0.1:{running.port if running else 8000}"


def password_in(url: str) -> str:
    """The password in an address such as DATABASE_URL; empty when there is none."""
    try:
        return unquote(urlsplit(url).password or "")
    except ValueError:
        return ""


def secret_key() -> str:
    """`SECRET_KEY`, else the one `make run` keeps; without either one for this process alone."""
    kept = home() / "secret-key"
    if value := text("SECRET_KEY"):
        return value
    if kept.is_file():
        return kept.read_text().strip()
    return "insecure-" + secrets.token_urlsafe(50)
