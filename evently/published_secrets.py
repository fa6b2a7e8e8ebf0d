"""Secrets that everybody knows, and those that anybody could guess."""

import math
import re
from collections import Counter

LEAST_BITS = 128
LEAST_LENGTH = 32
LEAST_PASSWORD_LENGTH = 12
# Parts of values that stood in this project's own files, in Django's, or in many an example.
PUBLISHED = re.compile(
    r"change-?me|django-insecure|^insecure|for-the-build-only|trying-evently|example"
    r"|your[-_ ]?secret|^secret|secret[-_]?key|the one key of a test|python -c|token_urlsafe"
    r"|placeholder|x{6,}|\.\.\.|…",
    re.IGNORECASE,
)
PUBLISHED_PASSWORDS = {
    "", "evently", "postgres", "password", "passwort", "admin", "root", "redis", "secret",
    "changeme", "change-me", "example", "test", "demo",
}  # fmt: skip


def is_weak_key(key: str) -> str:
    """Why nobody should sign anything with it; empty when it will do."""
    if PUBLISHED.search(key):
        return "is published, in this project or in an example"
    if len(key) < LEAST_LENGTH or entropy_bits(key) < LEAST_BITS:
        return "can be guessed"
    return ""


def is_weak_password(password: str) -> str:
    """Why it keeps nobody out of a server; empty when it will do."""
    if password.lower() in PUBLISHED_PASSWORDS or PUBLISHED.search(password):
        return "is published, in this project or in an example"
    return "is short" if len(password) < LEAST_PASSWORD_LENGTH else ""


def entropy_bits(text: str) -> float:
    """Shannon's measure of the text as a string of independent signs: an upper bound, so that what
    falls below is certainly too little."""
    length = len(text)
    return -sum(number * math.log2(number / length) for number in Counter(text).values())
