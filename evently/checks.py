"""System checks: `manage.py check` names what is wrong, `check --deploy` what is unsafe as well.

Django's own checks (cookies, HSTS, redirect to TLS) run beside these.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register

from evently import env

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
    }
    return warnings_of("evently", unsafe)


def warnings_of(part: str, unsafe: Mapping[str, tuple[bool, str, str]]) -> list[CheckMessage]:
    """Warnings by number, each with whether it is due, what is wrong, and what to do."""
    return [
        checks.Warning(message, hint=hint, id=f"{part}.{number}")
        for number, (wrong, message, hint) in unsafe.items()
        if wrong
    ]
