"""/.well-known/security.txt: whom to tell of a hole (RFC 9116)."""

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

# Well under a year, as §2.5.5 recommends; the text is made anew for every reader.
VALID_FOR = timedelta(days=180)
ONE_DAY = "public, max-age=86400"


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """The contacts in `SECURITY_CONTACT`.

    Raises:
        Http404: there are none; `check --deploy` says so.
    """
    contacts = [_as_uri(contact) for contact in settings.SECURITY_CONTACT]
    if not contacts:
        raise Http404
    site = settings.SITE_URL.rstrip("/")
    expires = (timezone.now() + VALID_FOR).replace(microsecond=0)
    lines = [
        *(f"Contact: {contact}" for contact in contacts),
        f"Expires: {expires.isoformat().replace('+00:00', 'Z')}",
        "Preferred-Languages: en, de",
        f"Canonical: {site}/.well-known/security.txt",
    ]
    text = "\n".join(lines) + "\n"
    return HttpResponse(
        text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": ONE_DAY}
    )


def _as_uri(contact: str) -> str:
    """An address of mail is written as one (§2.5.3)."""
    return contact if ":" in contact else f"mailto:{contact}"
