"""The benchmark's steady load, sent to a peer of known throughput."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.elephant import Requests
from bench.paced import pass_steadily
from bench.plan import Plan, quick
from bench.stack import Stack
from bench.usage import Usage
from bridge.simulator.wavv.delivery import PATH
from tests.support.sandbox import serving

RATE = 40.0


@dataclass
class Peer:
    """A peer that completes one call after the other, each in the same time."""

    seconds_per_call: float
    port: int = 0
    completed: list[float] = field(default_factory=list)
    cpu: Iterator[float] = field(default_factory=lambda: iter((5.0, 6.0)))

    async def take(self, request: Request) -> Response:
        """Accept an event; after a recorded one record when its call is complete."""
        if (await request.json())["event"] == "call.recorded":
            last = max(self.completed, default=0.0)
            self.completed.append(max(last, time.monotonic()) + self.seconds_per_call)
        return Response(status_code=202)

    @property
    def elephant(self) -> "Peer":
        """The peer's AskElephant."""
        return self

    def forget(self) -> None:
        """Delete the completions."""
        self.completed.clear()

    def seen(self) -> Requests:
        """Return the completions."""
        return Requests([], self.completed, [])

    def usage(self) -> Usage:
        """Return one more second of CPU time each time."""
        return Usage(next(self.cpu), 0)


@contextmanager
def _running(peer: Peer) -> Iterator[Stack]:
    app = Starlette(routes=[Route(PATH, peer.take, methods=["POST"])])
    with serving(app) as root:
        peer.port = int(root.rpartition(":")[2])
        yield cast("Stack", peer)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Give a plan of two seconds."""
    return replace(quick(Plan(tmp_path)), steady_seconds=2.0)


def test_a_peer_that_can_do_more_keeps_up(plan: Plan) -> None:
    """A peer with enough throughput keeps the rate, and its CPU time is divided by the calls."""
    with _running(Peer(seconds_per_call=0.25 / RATE)) as stack:
        found = pass_steadily(plan, stack, RATE, seed=1)
    assert found.kept > 0.9
    assert found.cpu == pytest.approx(1000 / 80)


def test_a_peer_that_can_do_half_is_reported_as_lagging(plan: Plan) -> None:
    """A peer with half the throughput keeps half the rate, and is two seconds late at the end."""
    with _running(Peer(seconds_per_call=2 / RATE)) as stack:
        found = pass_steadily(plan, stack, RATE, seed=1)
    assert found.kept == pytest.approx(0.5, abs=0.1)
    assert found.late > 1.5
