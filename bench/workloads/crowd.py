"""Crowd: many look at one event, one change happens; see `bench.crowd`."""

from dataclasses import dataclass

from bench import crowd
from bench.report import Ratio
from bench.stage import Stage


@dataclass(frozen=True)
class Crowds:
    """One crowd for each size, the largest last."""

    crowds: list[crowd.Crowd]

    @property
    def ratios(self) -> list[Ratio]:
        most = self.crowds[-1]
        ours = f"crowd, last of {most.sockets:,}: ours ÷ bare broadcast"
        return [
            Ratio(ours, most.evently_to_broadcast, 1.5, 1.1),
            Ratio("crowd, plain group_send ÷ ours", most.group_send_to_evently, 2.5, 4),
        ]

    @property
    def figures(self) -> dict[str, str]:
        return {
            f"{found.sockets:,} sockets, {name}": f"last after {reach.last_ms:.0f} ms,"
            f" {reach.kilobytes_per_socket:.1f} kB each"
            for found in self.crowds
            for name, reach in (
                ("ours", found.evently),
                ("group_send", found.group_send),
                ("bare broadcast", found.broadcast),
            )
        }

    @property
    def generator_share(self) -> float:
        return max(found.generator_share for found in self.crowds)


def measure(stage: Stage) -> Crowds:
    """Each crowd comes to each of the sides."""
    return Crowds(
        [
            crowd.measure_crowd(stage, sockets=size, changes=stage.pace.changes)
            for size in stage.pace.sockets
        ]
    )
