"""The floor: a bare ASGI function that answers recorded bytes, on the server that Evently uses.

`python -m bench.sides.floor --host H --port P --workers N`, with the file of answers in the
variable BENCH_ANSWERS. The answer is the one whose path is the longest beginning of the request's.
"""

import json
import os
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.sides.serving import serve_from_command_line

Event = MutableMapping[str, Any]
Headers = list[tuple[bytes, bytes]]
# The server program writes these itself.
OF_THE_SERVER = {"date", "server", "connection", "transfer-encoding"}
PATIENCE_SECONDS = 30


def record(url: str, lines: Mapping[str, str], into: Path) -> Path:
    """Ask a server these requests (see `bench.load.line`) and keep what it answers.

    Args:
        lines: by the beginning of the paths that the answer shall stand for.
    """
    connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_SECONDS)
    answers = [
        {"path": path, **_ask(connection, *line.split("\t", 3))} for path, line in lines.items()
    ]
    connection.close()
    into.write_text(json.dumps(answers))
    return into


def _ask(
    connection: HTTPConnection, method: str, path: str, token: str, body: str
) -> dict[str, Any]:
    headers = {"Accept": "*/*", "Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    kept = [pair for pair in answer.getheaders() if pair[0].lower() not in OF_THE_SERVER]
    return {"status": answer.status, "headers": kept, "body": text}


def load() -> list[tuple[str, int, Headers, bytes]]:
    """The recorded answers, longest path first."""
    answers = json.loads(Path(os.environ["BENCH_ANSWERS"]).read_text())
    answers.sort(key=lambda answer: -len(answer["path"]))
    return [
        (
            answer["path"],
            answer["status"],
            [(name.lower().encode(), value.encode()) for name, value in answer["headers"]],
            answer["body"].encode(),
        )
        for answer in answers
    ]


ANSWERS = load() if "BENCH_ANSWERS" in os.environ else []


async def application(
    scope: Event,
    receive: Callable[[], Awaitable[Event]],
    send: Callable[[Event], Awaitable[None]],
) -> None:
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    path = scope["path"]
    _, status, headers, body = next(answer for answer in ANSWERS if path.startswith(answer[0]))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    serve_from_command_line("bench.sides.floor:application")
