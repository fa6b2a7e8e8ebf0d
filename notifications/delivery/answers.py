"""What becomes of a message that was offered to a provider."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Receipt:
    """The provider has taken the message over.

    Args:
        message_id: by which it knows the message.
    """

    message_id: str


class NotTaken(Exception):
    """The provider surely does not have the message: it may be tried again, or elsewhere.

    Args:
        is_out: the provider is to be left alone for a while.
    """

    def __init__(self, detail: str, *, is_out: bool = False) -> None:
        super().__init__(detail)
        self.is_out = is_out


class Rejected(Exception):
    """The provider will never take this message, and says why."""


class Unanswered(Exception):
    """The provider may have the message: its answer was lost. It is left alone for a while."""


class ClaimLost(Exception):
    """The delivery is another worker's by now, or was settled: hands off."""
