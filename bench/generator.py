"""The load generator where wrk is not installed: what `wrk/replay.lua` does, in Python.

`python -m bench.generator URL CONNECTIONS SECONDS HOST FILE once|over PAUSE`
"""

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from itertools import cycle
from pathlib import Path
from typing import Any

import gevent
from gevent.pool import Pool
from geventhttpclient import HTTPClient

ANSWER_PATIENCE_SECONDS = 30
Request = tuple[str, str, bytes, dict[str, str]]


@dataclass
class Lines:
    """What is left to send, and what came back; `end` is when to stop at the latest."""

    client: Any
    requests: Iterator[Request]
    end: float
    mean_pause_seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    latencies_ms: list[float] = field(default_factory=list)
    lost: int = 0

    def stand(self) -> None:
        """One connection's work: a request after the other."""
        for request in self.requests:
            if self.mean_pause_seconds:
                gevent.sleep(random.uniform(0, 2 * self.mean_pause_seconds))
            if time.perf_counter() > self.end:
                return
            self._ask(request)

    def _ask(self, request: Request) -> None:
        method, path, body, headers = request
        begun = time.perf_counter()
        try:
            answer = self.client.request(method, path, body=body, headers=headers)
            answer.read()
            answer.release()
        except (OSError, HTTPException):
            self.lost += 1
            return
        self.statuses[answer.status_code] += 1
        self.latencies_ms.append((time.perf_counter() - begun) * 1000)


def main() -> None:
    url, connections, seconds, host, file, mode, pause_ms = sys.argv[1:]
    requests = [read(line, host) for line in Path(file).read_text().splitlines()]
    patience = ANSWER_PATIENCE_SECONDS
    client = HTTPClient.from_url(
        url,
        concurrency=int(connections),
        connection_timeout=patience,
        network_timeout=patience,
    )
    begun = time.perf_counter()
    lines = Lines(
        client=client,
        requests=iter(requests) if mode == "once" else cycle(requests),
        end=begun + float(seconds),
        mean_pause_seconds=float(pause_ms) / 1000,
    )
    pool = Pool(int(connections))
    for _ in range(int(connections)):
        pool.spawn(lines.stand)
    pool.join()
    print(json.dumps(figures(lines, seconds=time.perf_counter() - begun, counted=mode == "once")))


def read(line: str, host: str) -> Request:
    method, path, token, body = line.split("\t", 3)
    headers = {"Accept": "*/*", "Host": host}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if body:
        headers["Content-Type"] = "application/json"
    return method, path, body.encode(), headers


def figures(lines: Lines, *, seconds: float, counted: bool) -> dict[str, Any]:
    """The same figures as those of `wrk/replay.lua`."""
    ranked = sorted(lines.latencies_ms)
    return {
        "answers": lines.statuses.total(),
        "bad": sum(number for status, number in lines.statuses.items() if status >= 400),
        "lost": lines.lost,
        "statuses": {str(status): n for status, n in lines.statuses.items()} if counted else {},
        "seconds": seconds,
        **{f"p{percent}_ms": percentile(ranked, percent) for percent in (50, 95, 99)},
    }


def percentile(ranked: list[float], percent: int) -> float:
    """The nearest-rank percentile; 0 when there is nothing to rank."""
    return ranked[-(-percent * len(ranked) // 100) - 1] if ranked else 0.0


if __name__ == "__main__":
    main()
