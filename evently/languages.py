"""Which language a reader gets, and with it the form of dates and numbers."""

import re
from functools import lru_cache

from babel.core import get_global
from django.conf import settings
from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.translation import get_language_from_request

LONGEST = 200
ENGLISH = re.compile(r"\ben[-_]([a-z]{2})\b", re.IGNORECASE)
# The English of the world writes day, month, year, as in Britain; CLDR says which regions do, and
# which follow America (UTS 35, "Parent Locales").
WORLD_ENGLISH = {"en_001", "en_150"}


class LanguageMiddleware(LocaleMiddleware):
    """Django's own, with our choice of the language."""

    def process_request(self, request: HttpRequest) -> None:
        translation.activate(language_of(request))
        request.LANGUAGE_CODE = translation.get_language()


def language_of(request: HttpRequest) -> str:
    """The language in which the request is answered."""
    cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return choose_language(request.META.get("HTTP_ACCEPT_LANGUAGE", ""), cookie)


def choose_language(accepted: str, cookie: str = "") -> str:
    """The one of our languages that fits best: what was chosen on the site, else in the browser.

    Args:
        accepted: the header Accept-Language.
        cookie: the value of the language cookie.
    """
    is_usual = len(accepted) + len(cookie) <= LONGEST
    choose = _choose if is_usual else _choose.__wrapped__
    return choose(accepted, cookie)


@lru_cache(maxsize=1024)
def _choose(accepted: str, cookie: str) -> str:
    request = HttpRequest()
    request.META["HTTP_ACCEPT_LANGUAGE"] = ENGLISH.sub(_of_the_world, accepted)
    if cookie:
        request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = cookie
    return get_language_from_request(request)


def _of_the_world(tag: re.Match[str]) -> str:
    """A region's English as the one of ours that writes dates in the same way."""
    parent = get_global("parent_exceptions").get(f"en_{tag[1].upper()}")
    return "en-gb" if parent in WORLD_ENGLISH else tag[0]
