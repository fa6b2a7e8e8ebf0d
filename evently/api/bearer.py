"""The header Authorization."""


def find_bearer_token(header: bytes) -> bytes | None:
    """The token in the header's value, empty when it names none; None for another scheme.

    The scheme's name may be written in any case (RFC 9110 §11.1). Anything but one word behind it
    is a token that nobody issued.
    """
    scheme, _, token = header.strip().partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else None
