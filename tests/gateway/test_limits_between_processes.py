"""One budget for all server processes."""

import json
import os
import subprocess
import sys
from collections import Counter

PROCESSES, LIMIT, ROUNDS, TOGETHER = 8, 200, 20, 4
# Forks; each child opens its line to Redis, says that it is ready, waits for the word, asks as fast
# as it can and tells what it got.
ASKING = f"""
import asyncio, django, json, os
django.setup()
from django.conf import settings
from evently.gateway.limits import RateLimits
from tests.gateway.asking import ask, ok

settings.RATE_LIMIT_PER_MINUTE["read"] = {LIMIT}

async def main():
    layer = RateLimits(ok)
    await ask(layer, "/", method="HEAD")  # another budget; the line to Redis is open now
    os.write(1, b"ready\\n")
    os.read(0, 1)
    statuses = []
    for _ in range({ROUNDS}):
        replies = await asyncio.gather(*(ask(layer, "/developers/") for _ in range({TOGETHER})))
        statuses += [reply.status for reply in replies]
    os.write(1, json.dumps(statuses).encode() + b"\\n")
    await layer.close()

children = []
for _ in range({PROCESSES}):
    if not (child := os.fork()):
        asyncio.run(main())
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
"""


def test_eight_processes_at_once_let_exactly_the_limit_pass() -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "evently.settings"}
    command = [sys.executable, "-c", ASKING]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as family:
        assert family.stdout
        assert [family.stdout.readline() for _ in range(PROCESSES)] == ["ready\n"] * PROCESSES
        told, _ = family.communicate("x" * PROCESSES, timeout=60)
    statuses = [json.loads(line) for line in told.splitlines()]
    assert len(statuses) == PROCESSES
    counted = Counter(status for of_one in statuses for status in of_one)
    assert counted == {200: LIMIT, 429: PROCESSES * ROUNDS * TOGETHER - LIMIT}
    assert sum(200 in of_one for of_one in statuses) > 1  # they did ask at once
