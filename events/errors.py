"""What the use cases of events refuse."""

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from evently.errors import INSTANT, RETRY_AFTER, TEXT, Fact, Kind, NotFound, Refusal


def claim_words() -> dict[str, str]:
    """What the parts of an event's capacity are called, in the reader's language."""
    return {
        "available": _now("available"),
        "confirmed": _now("confirmed"),
        "held": _now("held"),
        "offered": _now("offered"),
    }


def status_words() -> dict[str, str]:
    """What an event's status is called inside of a sentence, in the reader's language."""
    return {
        "new": _now("new"),
        "draft": _now("a draft"),
        "published": _now("published"),
        "cancelled": _now("cancelled"),
        "completed": _now("completed"),
    }


class EventNotFound(NotFound):
    title = _("There is no such event, or it is not yours to see.")


class EventClosed(Refusal):
    """Cancelled, over or not on sale yet."""

    code = "event-closed"
    kind = Kind.CONFLICT
    title = _("This event does not take this any more.")
    declared_facts = {
        "sales_start_at": Fact(
            "When the sale begins, if it has not yet.",
            example="2026-10-01T08:00:00Z",
            schema=INSTANT,
            is_always_there=False,
        ),
        "sales_end_at": Fact(
            "When the sale ended, if the event is not over yet.",
            example="2026-11-14T17:00:00Z",
            schema=INSTANT,
            is_always_there=False,
        ),
    }


class CapacityBelowTaken(Refusal):
    """The facts name what stands in the way: `confirmed`, `held` and `offered` seats."""

    code = "capacity-below-taken"
    kind = Kind.CONFLICT
    title = _("The capacity cannot be lower than the seats already taken.")
    declared_facts = {
        "capacity": Fact("The capacity that was asked for.", example=100),
        "taken": Fact("The lowest capacity that is possible.", example=116),
        "confirmed": Fact("Seats that are booked.", example=110),
        "held": Fact("Seats that buyers hold for a moment.", example=4),
        "offered": Fact("Seats that are offered to people on the waitlist.", example=2),
    }

    def __init__(self, *, capacity: int, claims: dict[str, int]) -> None:
        words = claim_words()
        parts = ", ".join(f"{seats} {words[claim]}" for claim, seats in claims.items())
        taken = sum(claims.values())
        told = _now(
            "%(taken)s seats are taken (%(parts)s). Choose a capacity of at least %(taken)s."
        )
        super().__init__(
            told % {"taken": taken, "parts": parts},
            capacity=capacity,
            taken=taken,
            **claims,
        )


class StaleEvent(Refusal):
    """Somebody else changed the event since it was read; `current_version` is what stands now."""

    code = "stale"
    kind = Kind.STALE
    title = _(
        "Somebody changed this event after you read it. Read it again, then repeat your change."
    )
    declared_facts = {"current_version": Fact("The event's version now.", example=8)}


class EventNotEmpty(Refusal):
    code = "event-not-empty"
    kind = Kind.CONFLICT
    title = _("This event has bookings and cannot be deleted. Cancel it instead.")


class WrongStatus(Refusal):
    """The event's status does not allow this step."""

    code = "wrong-status"
    kind = Kind.CONFLICT
    title = _("The event's status does not allow this.")
    declared_facts = {
        "event_status": Fact(
            "The event's status; `new` for one that is only being made.",
            example="cancelled",
            schema=TEXT,
        )
    }

    def __init__(self, *, status: str, wanted: str) -> None:
        words = status_words()
        told = _now("An event that is %(status)s cannot become %(wanted)s.") % {
            "status": words.get(status, status),
            "wanted": words.get(wanted, wanted),
        }
        super().__init__(told, event_status=status)


class OrganiserNotFound(NotFound):
    title = _("There is no such organiser, or it is not yours.")


class MemberNotFound(NotFound):
    title = _("There is no such member, or it is not your team.")


class AlreadyMember(Refusal):
    code = "already-member"
    kind = Kind.CONFLICT
    title = _("This person is in the team already. Change their role instead.")


class InvitationNotFound(NotFound):
    title = _("There is no such invitation, or it is not your team.")


class InvitationClosed(Refusal):
    """Accepted, withdrawn or expired, or whoever invited may not any more."""

    code = "invitation-closed"
    kind = Kind.GONE
    title = _("This invitation does not stand any more. Ask the team to send another one.")


class WrongAddress(Refusal):
    """The invitation is for another address than that of the account."""

    code = "wrong-address"
    kind = Kind.FORBIDDEN
    title = _("This invitation is for another address than that of your account.")


class TooManyInvitations(Refusal):
    code = "too-many-invitations"
    kind = Kind.TOO_MANY
    title = _("The team has sent many invitations today. Go on tomorrow.")
    declared_facts = {"retry_after_seconds": RETRY_AFTER._replace(example=86_400)}


class TeamNeedsOwner(Refusal):
    code = "team-needs-owner"
    kind = Kind.CONFLICT
    title = _("A team needs at least one owner. Make somebody else an owner first.")


class IfMatchMissing(Refusal):
    code = "if-match-missing"
    kind = Kind.MISSING_CONDITION
    title = _("Say which version you read: send the header If-Match with the event's ETag.")
