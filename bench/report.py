"""What was found: ratios with their marks, figures, and the machine they come from."""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from bench.load import CORES, generator
from evently.dev.wheels import POSTGRES_WHEEL, postgres_programs, valkey_server

PACKAGES = ("django", "uvicorn", "uvloop", "httptools", "psycopg", "redis", POSTGRES_WHEEL)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A measured ratio between what must be reached and what is aimed at.

    The aim says which way is better: above `least` more is, below it less is.
    """

    name: str
    measured: float
    least: float
    aim: float

    @property
    def is_enough(self) -> bool:
        return self._reaches(self.least)

    @property
    def verdict(self) -> str:
        if self._reaches(self.aim):
            return "aim reached"
        return "enough" if self.is_enough else "MISSED"

    def _reaches(self, mark: float) -> bool:
        return self.measured >= mark if self.aim > self.least else self.measured <= mark


class Found(Protocol):
    """What a workload returns: a frozen dataclass whose fields go into the JSON."""

    @property
    def ratios(self) -> Sequence[Ratio]: ...

    @property
    def figures(self) -> Mapping[str, str]:
        """Absolute figures with their units, by what they are of."""

    @property
    def generator_share(self) -> float:
        """The largest part of all cores that the load generator used, 0 to 1."""


def table(found: Mapping[str, Found], *, judged: bool) -> Iterator[str]:
    """The ratios, then the figures, as two tables in Markdown."""
    heads = ["workload", "measured", "at least", "aim", *(["verdict"] if judged else [])]
    yield from _markdown(heads, (_row(ratio, judged) for ratio in ratios(found)))
    yield ""
    figures = (
        [name, what, figure]
        for name, result in found.items()
        for what, figure in {
            **result.figures,
            "load generator": f"{result.generator_share:.0%} of the cores",
        }.items()
    )
    yield from _markdown(["workload", "figure", "measured"], figures)


def ratios(found: Mapping[str, Found]) -> list[Ratio]:
    return [ratio for result in found.values() for ratio in result.ratios]


def as_json(found: Mapping[str, Found], machine: Mapping[str, Any]) -> str:
    return json.dumps(
        {
            "machine": machine,
            "ratios": [{**asdict(ratio), "verdict": ratio.verdict} for ratio in ratios(found)],
            "workloads": {name: asdict(result) for name, result in found.items()},  # type: ignore[call-overload]
        },
        indent=2,
    )


def about(machine: Mapping[str, Any]) -> Iterator[str]:
    """Where the figures come from, a line each."""
    packages = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
    yield f"{machine['cores']} cores ({machine['processor']}), {machine['system']}"
    yield f"Python {machine['python']}, {machine['postgres']}, {machine['redis']}"
    yield f"{packages}; load generator {machine['load generator']}"
    yield f"server processes: {machine['workers']}"
    yield f"load average before: {machine['load before']}, after: {machine['load after']}"


def describe_machine() -> dict[str, Any]:
    """Cores, versions, and the load as it is now."""
    return {
        "cores": CORES,
        "processor": _processor(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "postgres": _version_of(str(postgres_programs() / "postgres")),
        "redis": _version_of(str(valkey_server())),
        "load generator": _version_of("wrk") if shutil.which("wrk") else generator(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def load_average() -> list[float]:
    """Programs that ran or wanted to, on average over 1, 5 and 15 minutes."""
    return [round(figure, 2) for figure in os.getloadavg()]


def _row(ratio: Ratio, judged: bool) -> list[str]:
    figures = [f"{figure:.3g}" for figure in (ratio.measured, ratio.least, ratio.aim)]
    return [ratio.name, *figures, *([ratio.verdict] if judged else [])]


def _markdown(heads: list[str], rows: Iterator[list[str]]) -> Iterator[str]:
    yield _line(heads)
    yield _line(["---"] + ["--:"] * (len(heads) - 1))
    yield from map(_line, rows)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _version_of(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return " ".join((done.stdout or done.stderr).split()[:3])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except FileNotFoundError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
