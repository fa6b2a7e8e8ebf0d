"""What a use case may refuse, in the domain's words. `evently.api.problem` alone knows HTTP."""

from enum import Enum
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Kind(Enum):
    """What sort of no it is; an edge decides how to say it."""

    INVALID = "invalid"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    CONFLICT = "conflict"
    GONE = "gone"
    STALE = "stale"
    MISMATCH = "mismatch"
    MISSING_CONDITION = "missing-condition"
    TOO_MANY = "too-many"
    UNKNOWN_CALLER = "unknown-caller"
    BUSY = "busy"


class Refusal(Exception):
    """A use case said no and changed nothing.

    `code` is stable and never renamed. The keyword arguments are facts, public by definition:
    JSON values that help the caller to do better.
    """

    code: ClassVar[str]
    kind: ClassVar[Kind]
    title: ClassVar[str | Promise]
    # Whether this is the kept answer to a repeated request.
    is_repeat = False

    def __init__(self, detail: str = "", **facts: Any) -> None:
        super().__init__(str(detail or self.title))
        self.detail = detail
        self.facts = facts


class Busy(Refusal):
    """The database was held up (a lock, a deadlock, a lost connection). Later it may work."""

    code = "busy"
    kind = Kind.BUSY
    title = _("Evently is busy right now. Try again in a moment.")


class Invalid(Refusal):
    """The input cannot be used. `errors` maps each field to a list of sentences."""

    code = "invalid"
    kind = Kind.INVALID
    title = _("The request has fields that cannot be used.")

    def __init__(self, **errors: list[str] | str) -> None:
        lists = {field: [text] if isinstance(text, str) else text for field, text in errors.items()}
        super().__init__(errors=lists)
        self.errors = lists


class Forbidden(Refusal):
    """The caller is known and may not do this."""

    code = "forbidden"
    kind = Kind.FORBIDDEN
    title = _("You may not do this.")


class NotFound(Refusal):
    """No such thing, or none that the caller may see."""

    code = "not-found"
    kind = Kind.MISSING
    title = _("There is no such thing here, or it is not yours to see.")
