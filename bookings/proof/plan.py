"""Plain values that travel between the processes of a proof."""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

# Answers that are told apart by what they mean for the proof; all others are refusals' codes.
BOOKED = "booked"
CANCELLED = "cancelled"
BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Buyer:
    """Somebody who wants one seat; `token` is a bearer token for the way over HTTP."""

    user_id: UUID
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one process is to do.

    Args:
        seconds: how long its buyers go on booking and cancelling; None: each tries to book once.
        url: the running server; None: through the service.
        outages: the server may fail now and then: buyers wait a moment and go on.
        database: the name of the database, which need not be the one of the settings.
    """

    event_id: UUID
    buyers: list[Buyer]
    seconds: float | None
    url: str | None
    outages: bool
    database: str


@dataclass(slots=True)
class Sight:
    """What a process saw: how many answers of each kind, and how long each took (in seconds).

    `failures` are answers that no refusal explains: a 5xx, a broken connection, an exception.
    """

    answers: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    # What people were told of their bookings in the end: its reference, or "" for none. Whoever
    # got no clear answer is not in here.
    told: dict[UUID, str] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    # From the moment that all processes were ready until this one's last answer.
    seconds: float = 0.0

    def add(self, other: "Sight") -> None:
        """Take in what another one saw at the same time."""
        self.answers += other.answers
        self.failures += other.failures
        self.told |= other.told
        self.latencies += other.latencies
        self.seconds = max(self.seconds, other.seconds)

    @property
    def attempts(self) -> int:
        return len(self.latencies)

    @property
    def refusals(self) -> dict[str, int]:
        """By code, most frequent first; without those that say busy."""
        outcomes = {BOOKED, CANCELLED, BUSY}
        return {code: n for code, n in self.answers.most_common() if code not in outcomes}
