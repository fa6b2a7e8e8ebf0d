"""How fast Evently is beside other ways to do the same, on this machine, in one run.

`python -m bench` measures everything and takes a few minutes; it ends with an error when a ratio is
not what it has to be. `python -m bench --quick` only tries whether everything can be measured: its
figures mean nothing and nothing is judged.
"""

import argparse
import sys
import time
from importlib import import_module
from pathlib import Path

from bench.buying import Wrong
from bench.load import LoadFailed
from bench.pace import FULL, QUICK
from bench.report import Found, about, as_json, describe_machine, load_average, ratios, table
from bench.stage import ServerFailed, Stage
from bench.workloads import NAMES


def main() -> int:
    arguments = _parser().parse_args()
    machine = describe_machine() | {"load before": load_average(), "workers": arguments.workers}
    try:
        found = measure(arguments.only, quick=arguments.quick, workers=arguments.workers)
    except (LoadFailed, ServerFailed, Wrong) as failure:
        print(failure, file=sys.stderr)
        return 1
    machine["load after"] = load_average()
    print("\n".join([*table(found, judged=not arguments.quick), "", *about(machine)]))
    if arguments.json:
        arguments.json.write_text(as_json(found, machine) + "\n")
    enough = arguments.quick or all(ratio.is_enough for ratio in ratios(found))
    return 0 if enough else 1


def measure(names: list[str], *, quick: bool, workers: int) -> dict[str, Found]:
    """What each of the workloads found."""
    with Stage(QUICK if quick else FULL, workers=workers) as stage:
        found = {}
        for name in names:
            begun = time.monotonic()
            stage.clear()
            found[name] = import_module(f"bench.workloads.{name}").measure(stage)
            print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small and short, nothing is judged")
    parser.add_argument(
        "--only",
        type=_names,
        default=list(NAMES),
        metavar="NAME,NAME",
        help=f"some of {', '.join(NAMES)}",
    )
    parser.add_argument("--workers", type=int, default=1, help="processes of each server")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return parser


def _names(text: str) -> list[str]:
    asked = text.split(",")
    if unknown := [name for name in asked if name not in NAMES]:
        raise argparse.ArgumentTypeError(f"no workload {', '.join(unknown)}")
    return [name for name in NAMES if name in asked]


if __name__ == "__main__":
    sys.exit(main())
