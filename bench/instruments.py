"""The instruments alone: what the load, the stub and Redis can do with nobody in between.

A peer that comes near to one of them would be measured by it.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from socket import create_connection

from redis import Redis

from bench import payloads
from bench.elephant import elephant
from bench.load import shoot
from bench.messages import request
from bench.plan import Plan
from bench.process import Process
from bench.series import Series, series
from bench.settings import ROOT
from bridge.supervise.embedded import free_port

CHUNK = 256
"""As many as the ingress writes in one round trip at most."""

STUB_CONNECTIONS = 256
"""More than wait for AskElephant in any peer; each asks 50 times a second at most."""


@contextmanager
def trivial_server(plan: Plan) -> Iterator[int]:
    """Run a server that answers 202 to anything; yield its port."""
    port = free_port()
    argv = [sys.executable, "-m", "bench.peers.trivial", str(port)]
    with Process("trivial", argv, {"PYTHONPATH": str(ROOT)}, plan.directory) as process:
        process.wait_until(lambda: _listens(port))
        yield port


def stub_alone(plan: Plan) -> Series:
    """Return how many answers a second the stub gives, each after its 20 ms."""
    one = request("GET", "/api/v2/engagements/ngmt_1?expand=signals", {})
    frames = plan.directory / "stub.frames"
    payloads.write(frames, [one] * int(plan.seconds * 2 * plan.frames_per_second))
    with elephant(plan.directory, "alone", free_port(), 0) as stub:
        runs = [
            shoot(stub.port, frames, connections=STUB_CONNECTIONS, seconds=plan.seconds,
                  status="200")
            for _ in range(plan.rounds)
        ]  # fmt: skip
    return series(run.per_second for run in runs)


def written_alone(redis: Redis, events: Sequence[bytes]) -> float:
    """Return how many events a second one process writes to a stream, many in a round trip."""
    began = time.monotonic()
    for start in range(0, len(events), CHUNK):
        pipe = redis.pipeline(transaction=False)
        for raw in events[start : start + CHUNK]:
            pipe.xadd("inbox", {"source": "wavv", "raw": raw})
        pipe.execute()
    return len(events) / (time.monotonic() - began)


def written_one_by_one(redis: Redis, events: Sequence[bytes]) -> float:
    """Return the milliseconds that one write to a stream takes, until it is on the disk."""
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
