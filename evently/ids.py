"""Identifiers: time-ordered ids for rows, short references for people."""

import secrets
import uuid

from uuid_utils.compat import uuid7

# Crockford's base 32: no I, L, O or U, so that a reference survives being read out on the phone.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
REFERENCE_LENGTH = 10
UUID_TEXT = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


class IdConverter:
    """`<id:…>` in an address: a UUID in letters of either case (RFC 9562, section 4).

    Django's own takes small letters alone. `evently.site.apps` registers this one.
    """

    regex = UUID_TEXT

    def to_python(self, text: str) -> uuid.UUID:
        return uuid.UUID(text)

    def to_url(self, value: uuid.UUID | str) -> str:
        return str(value)


def new_id() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562): ids made later sort later, so indexes grow at one end."""
    return uuid7()


def new_reference() -> str:
    """Ten random characters (50 bits), for example `7K3M9Q2PXA`."""
    bits = secrets.randbits(5 * REFERENCE_LENGTH)
    return "".join(ALPHABET[bits >> shift & 31] for shift in range(0, 5 * REFERENCE_LENGTH, 5))
