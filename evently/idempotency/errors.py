"""What stands in the way of a request with an idempotency key."""

from django.utils.translation import gettext_lazy as _

from evently.errors import RETRY_AFTER, Kind, Refusal


class IdempotencyMismatch(Refusal):
    code = "idempotency-mismatch"
    kind = Kind.MISMATCH
    title = _("This idempotency key was used for another request. Use a new key.")


class RequestInProgress(Refusal):
    """The first request with this key has not been answered yet."""

    code = "request-in-progress"
    kind = Kind.CONFLICT
    title = _(
        "An earlier request with this Idempotency-Key is not answered yet. Send this one again "
        "after the seconds in Retry-After: it gets the answer of the earlier one."
    )
    declared_facts = {"retry_after_seconds": RETRY_AFTER}

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=1)
