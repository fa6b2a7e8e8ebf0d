"""System checks: `manage.py check` names what is wrong, `check --deploy` what is unsafe as well.

Django's own checks (cookies, HSTS, redirect to TLS) run beside these.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register

from evently import env
from evently.published_secrets import is_weak_key, is_weak_password

LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}


@register(Tags.database)
def check_transactions(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Services open the transactions; a request that is one would answer before its commit."""
    return [
        checks.Error(
            f"ATOMIC_REQUESTS is on for the database “{alias}”.",
            hint="Leave it off: services open their own transactions.",
            id="evently.E001",
        )
        for alias, database in settings.DATABASES.items()
        if database.get("ATOMIC_REQUESTS")
    ]


@register(deploy=True)
def check_environment(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """What production must say in its environment."""
    needed = {
        "SECRET_KEY": "Make one: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
        "DATABASE_URL": "For example postgres://evently:password@db.example.com/evently",
        "REDIS_URL": "For example redis://redis.example.com:6379/0",
        "ALLOWED_HOSTS": "The names of the site, for example tickets.example.com",
        "SITE_URL": "The site's own address, for example https://tickets.example.com",
        "DEFAULT_FROM_EMAIL": "For example Evently <tickets@example.com>",
    }
    return [
        checks.Error(f"{name} is not set in the environment.", hint=hint, id="evently.E002")
        for name, hint in needed.items()
        if not env.text(name)
    ]


@register(Tags.security, deploy=True)
def check_protection(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Settings that are fine on one's own machine and unsafe on the internet."""
    unsafe = {
        "W001": (not settings.RATE_LIMITS, "RATE_LIMITS is off.", "That is for load tests only."),
        "W002": (
            not settings.SECURE_COOKIES,
            "INSECURE_COOKIES is on.",
            "Cookies would travel over plain http. Leave it out and serve over TLS.",
        ),
        "W003": (
            set(settings.ALLOWED_HOSTS) <= LOOPBACK,
            "ALLOWED_HOSTS names no host but this machine.",
            "Name the site's own hosts.",
        ),
        "W004": (
            not settings.SITE_URL.startswith("https://"),
            "SITE_URL does not begin with https://.",
            "Links in mails would lead to plain http.",
        ),
        "W005": (
            any(network.prefixlen == 0 for network in settings.TRUSTED_PROXIES),
            "TRUSTED_PROXIES names all addresses.",
            "Anybody could claim any address, and pass every limit. Name the balancers' own.",
        ),
        "W020": (
            bool(settings.DEVELOPMENT_MAIL),
            "DEVELOPMENT_MAIL is set.",
            "Everybody could read every mail in the browser. Leave it out.",
        ),
        "W006": (
            bool(settings.SECURE_PROXY_SSL_HEADER) and not settings.TRUSTED_PROXIES,
            "BEHIND_TLS_PROXY is on and TRUSTED_PROXIES is empty.",
            "All visitors would share the balancer's address, and its one rate limit.",
        ),
        "W007": (
            not settings.SECURITY_CONTACT,
            "SECURITY_CONTACT is not set.",
            "/.well-known/security.txt is missing: nobody knows whom to tell of a hole.",
        ),
        "W008": (
            not settings.BREACHED_PASSWORDS,
            "BREACHED_PASSWORDS is off.",
            "Only 20 000 stolen passwords are refused. Turn it on to ask api.pwnedpasswords.com.",
        ),
    }
    return warnings_of("evently", unsafe)


@register(Tags.security, deploy=True)
def check_secrets(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Keys and passwords that others know already, or could guess."""
    keys = {
        "SECRET_KEY": [settings.SECRET_KEY],
        "SECRET_KEY_FALLBACKS": settings.SECRET_KEY_FALLBACKS,
        "TOKEN_KEY": [settings.TOKEN_KEY],
        "TOKEN_KEY_FALLBACKS": settings.TOKEN_KEY_FALLBACKS,
    }
    wrong = {name: why for name, values in keys.items() for why in map(is_weak_key, values) if why}
    passwords = {
        "DATABASE_URL": _password_to(env.text("DATABASE_URL")),
        "REDIS_URL": env.password_in(env.text("REDIS_URL")) or None,
        "EVENTLY_ADMIN_PASSWORD": env.text("EVENTLY_ADMIN_PASSWORD") or None,
        "EMAIL_HOST_PASSWORD": env.text("EMAIL_HOST_PASSWORD") or None,
    }
    for name, password in passwords.items():
        if password is not None and (why := is_weak_password(password)):
            wrong[f"The password in {name}" if name.endswith("URL") else name] = why
    return [
        checks.Error(
            f"{name} {why}.",
            hint="Make one: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
            id="evently.E004",
        )
        for name, why in wrong.items()
    ]


def _password_to(url: str) -> str | None:
    """The password in the address; None where none is sent: on a socket of this machine."""
    host = urlsplit(url).hostname
    return env.password_in(url) if host and not host.startswith("/") else None


@register()
def check_tokens(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Settings that the one reader of tokens (`accounts.token_format`) does not follow, or that
    contradict each other: whoever relies on them would be wrong."""
    access, refresh = settings.ACCESS_TOKEN_LIFETIME, settings.REFRESH_TOKEN_LIFETIME
    wrong = {
        "SIMPLE_JWT is set, and nothing reads it: the algorithm and claims of tokens are fixed.": (
            hasattr(settings, "SIMPLE_JWT")
        ),
        "ACCESS_TOKEN_LIFETIME is not a time that begins and ends.": not _is_lifetime(access),
        "REFRESH_TOKEN_LIFETIME is not a time that begins and ends.": not _is_lifetime(refresh),
        "REFRESH_TOKEN_LIFETIME is shorter than ACCESS_TOKEN_LIFETIME.": (
            _is_lifetime(access) and _is_lifetime(refresh) and refresh < access
        ),
        "TOKEN_KEY is empty.": not settings.TOKEN_KEY,
        "TOKEN_KEY is also one of TOKEN_KEY_FALLBACKS: what it was replaced for is in use still.": (
            settings.TOKEN_KEY in settings.TOKEN_KEY_FALLBACKS
        ),
    }
    return [
        checks.Error(message, hint="See “People” in evently/settings.py.", id="evently.E003")
        for message, is_wrong in wrong.items()
        if is_wrong
    ]


def _is_lifetime(value: Any) -> bool:
    return isinstance(value, timedelta) and value > timedelta()


def warnings_of(part: str, unsafe: Mapping[str, tuple[bool, str, str]]) -> list[CheckMessage]:
    """Warnings by number, each with whether it is due, what is wrong, and what to do."""
    return [
        checks.Warning(message, hint=hint, id=f"{part}.{number}")
        for number, (wrong, message, hint) in unsafe.items()
        if wrong
    ]
