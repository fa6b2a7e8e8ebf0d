"""What is compared: the server as it is shipped, parts of it taken out, and what is not Evently.

`naive` and `floor` are here for comparison alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SERVE = ("manage.py", "serve")


@dataclass(frozen=True)
class Side:
    """A server program.

    Args:
        argv: what Python runs; a host, a port and a number of processes follow.
        environment: on top of what all sides have.
    """

    name: str
    argv: tuple[str, ...] = SERVE
    environment: Mapping[str, str] = field(default_factory=dict)


LANE = Side("lane")
DRF = Side("drf", environment={"EXPRESS_LANE": "off"})
NAIVE = Side(
    "naive",
    environment={"EXPRESS_LANE": "off", "DJANGO_SETTINGS_MODULE": "bench.sides.settings"},
)
UNCACHED = Side("uncached", environment={"EDGE_CACHE": "off", "L2_CACHE": "off"})


def floor_of(answers: Path) -> Side:
    """A bare ASGI function that answers what `bench.sides.floor.record` wrote into the file."""
    return Side("floor", ("-m", "bench.sides.floor"), {"BENCH_ANSWERS": str(answers)})
