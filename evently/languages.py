"""Which language a reader gets, for those who answer before Django sees the request."""

from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language_from_request

LONGEST = 200


def choose_language(accepted: str, cookie: str = "") -> str:
    """As Django's `LocaleMiddleware` chooses.

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
    request.META["HTTP_ACCEPT_LANGUAGE"] = accepted
    if cookie:
        request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = cookie
    return get_language_from_request(request)
