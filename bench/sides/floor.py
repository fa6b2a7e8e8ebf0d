"""The floor: a bare ASGI function that answers recorded bytes, on the server that Evently uses.

`python -m bench.sides.floor --host H --port P --workers N`, with the file of answers in the
variable BENCH_ANSWERS: at each address the very bytes that Evently answered there.
"""

import json
import os
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.sides.serving import serve_from_command_line

Event = MutableMapping[str, Any]
Headers = list[tuple[bytes, bytes]]
NOT_RECORDED: tuple[int, Headers, bytes] = 404, [(b"content-length", b"0")], b""
# The server program writes these itself.
OF_THE_SERVER = {"date", "server", "connection", "transfer-encoding"}
PATIENCE_SECONDS = 30


def record(url: str, lines: Iterable[str], into: Path) -> Path:
    """Ask a server these requests (see `bench.load.line`) and keep what it answers."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_SECONDS)
    answers = [_ask(connection, *line.split("\t", 3)) for line in lines]
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
    return {"address": path, "status": answer.status, "headers": kept, "body": text}


def load() -> dict[tuple[str, bytes], tuple[int, Headers, bytes]]:
    """The recorded answers, by path and query."""
    answers = {}
    for answer in json.loads(Path(os.environ["BENCH_ANSWERS"]).read_text()):
        path, _, query = answer["address"].partition("?")
        headers = [(name.lower().encode(), value.encode()) for name, value in answer["headers"]]
        answers[path, query.encode()] = answer["status"], headers, answer["body"].encode()
    return answers


ANSWERS = load() if "BENCH_ANSWERS" in os.environ else {}


async def application(
    scope: Event,
    receive: Callable[[], Awaitable[Event]],
    send: Callable[[Event], Awaitable[None]],
) -> None:
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    address = scope["path"], scope["query_string"]
    status, headers, body = ANSWERS.get(address, NOT_RECORDED)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    serve_from_command_line("bench.sides.floor:application")
