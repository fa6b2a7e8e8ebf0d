"""What the use cases of events refuse."""

from typing import Any

from evently.errors import Kind, NotFound, Refusal


class EventNotFound(NotFound):
    title = "There is no such event, or it is not yours to see."


class EventClosed(Refusal):
    """Cancelled, over or not on sale yet."""

    code = "event-closed"
    kind = Kind.CONFLICT
    title = "This event does not take this any more."


class CapacityBelowTaken(Refusal):
    """The facts name what stands in the way: `confirmed`, `held` and `offered` seats."""

    code = "capacity-below-taken"
    kind = Kind.CONFLICT
    title = "The capacity cannot be lower than the seats already taken."

    def __init__(self, *, capacity: int, claims: dict[str, int]) -> None:
        parts = ", ".join(f"{seats} {claim}" for claim, seats in claims.items())
        taken = sum(claims.values())
        super().__init__(
            f"{taken} seats are taken ({parts}). Choose a capacity of at least {taken}.",
            capacity=capacity,
            taken=taken,
            **claims,
        )


class StaleEvent(Refusal):
    """Somebody else changed the event since it was read; `current_version` is what stands now."""

    code = "stale"
    kind = Kind.STALE
    title = "Somebody changed this event after you read it. Read it again, then repeat your change."


class EventNotEmpty(Refusal):
    code = "event-not-empty"
    kind = Kind.CONFLICT
    title = "This event has bookings and cannot be deleted. Cancel it instead."


class WrongStatus(Refusal):
    """The event's status does not allow this step."""

    code = "wrong-status"
    kind = Kind.CONFLICT
    title = "The event's status does not allow this."

    def __init__(self, *, status: str, wanted: str, **facts: Any) -> None:
        super().__init__(
            f"An event that is {status} cannot become {wanted}.", event_status=status, **facts
        )


class OrganiserNotFound(NotFound):
    title = "There is no such organiser, or it is not yours."


class IfMatchMissing(Refusal):
    code = "if-match-missing"
    kind = Kind.MISSING_CONDITION
    title = "Say which version you read: send the header If-Match with the event's ETag."
