"""Links that stop a kind of mail without a log-in (RFC 8058): signed, so that none can be guessed.

They never expire: whoever finds an old mail can still stop the next ones.
"""

from uuid import UUID

from django.core.signing import BadSignature, Signer

from notifications.errors import UnknownUnsubscribeLink
from notifications.models import Kind

# A full stop between the two parts and their signature: addresses carry it as it is.
_signer = Signer(salt="evently.unsubscribe", sep=".")


def unsubscribe_token(user_id: UUID, kind: str) -> str:
    """What stands in a link that stops this kind of mail for this person."""
    return _signer.sign_object([user_id.hex, kind])


def read_unsubscribe_token(token: str) -> tuple[UUID, Kind]:
    """Whose mails the link stops, and of which kind.

    Raises:
        UnknownUnsubscribeLink: not made here, or cut off.
    """
    try:
        user_hex, kind = _signer.unsign_object(token)
        return UUID(user_hex), Kind(kind)
    except (BadSignature, ValueError) as error:
        raise UnknownUnsubscribeLink from error
