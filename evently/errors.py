"""What a use case may refuse, in the domain's words. `evently.api.problem` alone knows HTTP."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar, NamedTuple

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


COUNT = {"type": "integer", "minimum": 0}
TEXT = {"type": "string"}
INSTANT = {"type": "string", "format": "date-time"}


class Fact(NamedTuple):
    """What the API's document says of a fact that comes with a refusal.

    `schema` is JSON Schema, and `example` one of its values.
    """

    description: str
    example: Any
    schema: Mapping[str, Any] = COUNT
    is_always_there: bool = True


RETRY_AFTER = Fact("The seconds of the header Retry-After.", example=1)


class Refusal(Exception):
    """A use case said no and changed nothing.

    `code` is stable and never renamed. The keyword arguments are facts, public by definition:
    JSON values that help the caller to do better. A class declares its facts, and those of one code
    declare the same; tests hold every refusal that is raised against its declaration.
    """

    code: ClassVar[str]
    kind: ClassVar[Kind]
    title: ClassVar[str | Promise]
    declared_facts: ClassVar[Mapping[str, Fact]] = {}
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
    declared_facts = {
        "errors": Fact(
            "Sentences for each field; `body` stands for the whole.",
            example={"quantity": ["This must be a whole number."]},
            schema={
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
            },
        )
    }

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


class RateLimited(Refusal):
    """The caller has asked too often."""

    code = "rate-limited"
    kind = Kind.TOO_MANY
    title = _("Too many requests.")
    declared_facts = {
        "retry_after_seconds": RETRY_AFTER._replace(example=42),
        "limit": Fact(
            "Which of the limits of requests a minute is used up, if it is one of these.",
            example="booking",
            schema=TEXT,
            is_always_there=False,
        ),
    }
