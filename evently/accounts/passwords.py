"""What a password must not be, beside Django's own rules.

Ten characters at least: NIST SP 800-63B-4 §3.1.1.2 asks for fifteen where a password is all there
is, and for eight beside a second factor; OWASP ASVS 5.0 asks for eight. Guesses are limited to a
hundred a day for an account (`login_limits`) and known passwords are refused, so we stay between.
No rule asks for capitals, digits or signs, and no password ends with time.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

SITE_NAME = "evently"
# Shorter ones are in many words by chance; they count where they stand alone.
SHORTEST_ANYWHERE = 4
SHORTEST_ALONE = 3
WORD = re.compile(r"\w+")
# Of addresses everywhere.
MEANS_NOTHING = {"www", "com", "org", "net", "mail", "example", "localhost", "http", "https"}


class NoKnownNamesValidator:
    """Refuses what has the site's name in it, or a part of the person's own name or address."""

    def validate(self, password: str, user: Any = None) -> None:
        folded = fold(password)
        alone = set(WORD.findall(folded))
        for word in _names(user):
            is_inside = len(word) >= SHORTEST_ANYWHERE and word in folded
            if is_inside or word in alone:
                raise ValidationError(
                    _("The password must not contain “%(word)s”: others would guess that first.")
                    % {"word": word},
                    code="password_has_name",
                )

    def get_help_text(self) -> str:
        return str(
            gettext_lazy(
                "Your password must not contain your name, your address or the site’s name."
            )
        )


def fold(text: str) -> str:
    """As somebody who guesses would read it: no capitals, no accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def _names(user: Any) -> Iterator[str]:
    host = urlsplit(settings.SITE_URL).hostname or ""
    texts = [SITE_NAME, host, getattr(user, "name", ""), getattr(user, "email", "")]
    for text in texts:
        for word in re.split(r"[\W_]+", fold(text or "")):
            if len(word) >= SHORTEST_ALONE and word not in MEANS_NOTHING and not word.isdigit():
                yield word
