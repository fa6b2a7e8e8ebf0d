"""What the name of a person or of a team may not be."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# What mail programs turn into links by themselves: a scheme (RFC 3986 §3.1) or "www.".
LINK = re.compile(r"[a-z][a-z0-9+.-]*://|\bwww\.|\bmailto:", re.IGNORECASE)


def validate_name(name: str) -> None:
    """Refuse a name with a link in it: it would be an advertisement in other people's mails.

    Full-width and other compatibility forms of letters are read as the plain ones (NFKC).

    Raises:
        ValidationError: the name holds a link.
    """
    if LINK.search(unicodedata.normalize("NFKC", name)):
        raise ValidationError(_("A name cannot hold a link. Leave out “http://” and “www.”."))
