"""Measures the instruments alone: the load generator, the stub of AskElephant and Redis.

An instrument must be several times as fast as the implementations that are compared. Otherwise the
instrument would limit their results.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from socket import create_connection

from redis import Redis

from bench import payloads
from bench.elephant import elephant
from bench.load import send_load
from bench.messages import request
from bench.plan import Plan
from bench.process import Process
from bench.series import Series, series
from bench.settings import ROOT
from bridge.supervise.embedded import free_port

CHUNK = 256
"""How many events are written in one round trip: the largest batch of the ingress."""

STUB_CONNECTIONS = 256
"""More connections than any implementation has to AskElephant. Each sends up to 50 requests/s."""


@contextmanager
def trivial_server(plan: Plan) -> Iterator[int]:
    """Run a server that returns 202 for each request. Yield the port of the server."""
    port = free_port()
    argv = [sys.executable, "-m", "bench.peers.trivial", str(port)]
    with Process("trivial", argv, {"PYTHONPATH": str(ROOT)}, plan.directory) as process:
        process.wait_until(lambda: _listens(port))
        yield port


def stub_alone(plan: Plan) -> Series:
    """Measure how many responses a second the stub of AskElephant sends, each after 20 ms."""
    one = request("GET", "/api/v2/engagements/ngmt_1?expand=signals", {})
    frames = plan.directory / "stub.frames"
    payloads.write(frames, [one] * int(plan.seconds * 2 * plan.frames_per_second))
    with elephant(plan.directory, "alone", free_port(), 0) as stub:
        runs = [
            send_load(stub.port, frames, connections=STUB_CONNECTIONS, seconds=plan.seconds,
                  status="200")
            for _ in range(plan.rounds)
        ]  # fmt: skip
    return series(run.per_second for run in runs)


def written_alone(redis: Redis, events: Sequence[bytes]) -> float:
    """Measure how many events a second one process writes to a Redis stream, 256 per round trip."""
    began = time.monotonic()
    for start in range(0, len(events), CHUNK):
        pipe = redis.pipeline(transaction=False)
        for raw in events[start : start + CHUNK]:
            pipe.xadd("inbox", {"source": "wavv", "raw": raw})
        pipe.execute()
    return len(events) / (time.monotonic() - began)


def written_one_by_one(redis: Redis, events: Sequence[bytes]) -> float:
    """Measure the milliseconds of one write to a Redis stream, until it is on the disk."""
    began = time.monotonic()
    for raw in events:
        redis.xadd("inbox", {"source": "wavv", "raw": raw})
    return 1000 * (time.monotonic() - began) / len(events)


def _listens(port: int) -> bool:
    try:
        create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
