"""What the first visit to a page costs: bytes, requests, and how soon and calmly it is there.

`python -m evently.dev exec -- python -m bench.pages [--json FILE]` measures the catalogue and an
event's page with the demo loaded, on the real server, in Chromium with its processor slowed down
four times. Ends with an error when a target of `TARGETS` is missed.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.browser.chromium import launch
from tests.browser.demo_site import demo_site
from tests.browser.pages import VISITORS_SCREENS
from tests.browser.world import find_demo_world

VISITS = 5
SLOWER = 4
VIEWPORT = {"width": 390, "height": 844}
# What moves late moves while the live line opens: it has come by then.
CALM_MS = 2_000
SCREENS = ("catalogue", "event-on-sale")
# Kilobytes on the wire, requests to other hosts, seconds to the largest paint, layout shift.
TARGETS = {"kilobytes": 100.0, "foreign_requests": 0.0, "lcp_s": 1.0, "cls": 0.05}

OBSERVE = """
window.measured = { lcp: 0, cls: 0 };
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) measured.lcp = entry.startTime;
}).observe({ type: "largest-contentful-paint", buffered: true });
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) measured.cls += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@dataclass
class Wire:
    """What went over the wire, as Chromium's network log tells it."""

    site: str
    bytes: float = 0.0
    addresses: list[str] = field(default_factory=list)

    def listen(self, log: CDPSession) -> None:
        log.on("Network.requestWillBeSent", self._asked)
        log.on("Network.loadingFinished", self._loaded)
        log.send("Network.enable")

    @property
    def foreign(self) -> list[str]:
        """Requests to others than the site; what the page itself carries asks nobody."""
        host = urlsplit(self.site).netloc
        return [asked for asked in self.addresses if urlsplit(asked).netloc not in {host, ""}]

    def _asked(self, event: dict[str, Any]) -> None:
        self.addresses.append(event["request"]["url"])

    def _loaded(self, event: dict[str, Any]) -> None:
        self.bytes += event["encodedDataLength"]


@dataclass(frozen=True)
class Figures:
    """One visit, or the medians of several; see `TARGETS` for the units."""

    kilobytes: float
    requests: float
    foreign_requests: float
    lcp_s: float
    cls: float

    @property
    def missed(self) -> list[str]:
        found = asdict(self)
        return [name for name, most in TARGETS.items() if found[name] > most]


def main() -> int:
    arguments = _parser().parse_args()
    with demo_site() as site, sync_playwright() as playwright:
        browser, paths = launch(playwright), _paths()
        found = {name: measure(browser, site + path) for name, path in paths.items()}
        browser.close()
    print(table(found))
    if arguments.json:
        pages = {name: asdict(figures) for name, figures in found.items()}
        arguments.json.write_text(json.dumps({"targets": TARGETS, "pages": pages}, indent=2) + "\n")
    missed = [f"{name}: {what}" for name, figures in found.items() for what in figures.missed]
    if missed:
        print("Missed: " + ", ".join(missed), file=sys.stderr)
    return 1 if missed else 0


def measure(browser: Browser, address: str) -> Figures:
    """The medians of `VISITS` first visits, each in a browser that knows nothing of the site."""
    visits = [asdict(_visit(browser, address)) for _ in range(VISITS)]
    return Figures(**{name: median(visit[name] for visit in visits) for name in visits[0]})


def table(found: dict[str, Figures]) -> str:
    """The figures and their targets in Markdown."""
    names = list(asdict(next(iter(found.values()))))
    rows = [["page", *names], ["---"] + ["--:"] * len(names)]
    for page, figures in found.items():
        rows.append([page, *(f"{value:g}" for value in asdict(figures).values())])
    rows.append(["at most", *(f"{TARGETS[name]:g}" if name in TARGETS else "" for name in names)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _visit(browser: Browser, address: str) -> Figures:
    with _fresh_page(browser) as page:
        log, wire = page.context.new_cdp_session(page), Wire(address)
        wire.listen(log)
        log.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.goto(address)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(CALM_MS)
        measured = page.evaluate("measured")
    return Figures(
        kilobytes=round(wire.bytes / 1000, 1),
        requests=len(wire.addresses),
        foreign_requests=len(wire.foreign),
        lcp_s=round(measured["lcp"] / 1000, 3),
        cls=round(measured["cls"], 4),
    )


@contextmanager
def _fresh_page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
    context.add_init_script(OBSERVE)
    yield context.new_page()
    context.close()


def _paths() -> dict[str, str]:
    world = find_demo_world()
    return {
        screen.name: screen.path(world) for screen in VISITORS_SCREENS if screen.name in SCREENS
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
