"""What a proof says on the terminal."""

from collections.abc import Iterator

from bookings.proof.plan import BOOKED, BUSY, CANCELLED, Sight
from bookings.proof.proving import Verdict

PERCENTILES = (50, 95, 99)


def describe(verdict: Verdict) -> Iterator[str]:
    """The lines of the report."""
    seen, rows = verdict.seen, verdict.rows
    yield f"attempts    {seen.attempts} in {seen.seconds:.2f} s"
    yield f"confirmed   {seen.answers[BOOKED]}  ({_rate(seen, seen.answers[BOOKED])} bookings/s)"
    yield f"cancelled   {seen.answers[CANCELLED]}"
    refusals = ", ".join(f"{number} {code}" for code, number in seen.refusals.items())
    yield f"refused     {refusals or 'none'}"
    yield f"busy        {seen.answers[BUSY]}"
    yield f"failed      {seen.failures.total()}"
    yield f"answers     {_rate(seen, seen.attempts)}/s, {_latencies(seen.latencies)}"
    yield (
        f"inventory   {rows.available_seats} free + {rows.claimed} confirmed"
        f" {'=' if rows.adds_up else '≠'} {rows.capacity} seats, recounted from rows"
    )
    yield from verdict.faults
    yield "PASS" if verdict.holds else "FAIL"


def percentile(latencies: list[float], percent: int) -> float:
    """The nearest-rank percentile; 0 when there is nothing to rank."""
    ranked = sorted(latencies)
    return ranked[max(0, -(-percent * len(ranked) // 100) - 1)] if ranked else 0.0


def _latencies(latencies: list[float]) -> str:
    figures = (f"p{at} {percentile(latencies, at) * 1000:.1f} ms" for at in PERCENTILES)
    return ", ".join(figures)


def _rate(seen: Sight, number: int) -> str:
    return f"{number / seen.seconds:.0f}" if seen.seconds else "0"
