"""The benchmark's steady load, sent to a peer whose throughput is known."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, cast

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench import payloads
from bench.elephant import Requests
from bench.generator import Load
from bench.instruments import trivial_server
from bench.load import shooting_on
from bench.paced import pass_steadily
from bench.peers.trivial import Trivial
from bench.plan import Plan, quick
from bench.stack import Stack
from bench.timetable import timetable
from bench.usage import Usage
from bridge.simulator.wavv.delivery import PATH
from tests.support.sandbox import serving

RATE = 40.0


@dataclass
class Peer:
    """A peer that completes calls one after the other, each in the same time."""

    seconds_per_call: float
    port: int = 0
    completed: list[float] = field(default_factory=list)
    cpu: Iterator[float] = field(default_factory=lambda: iter((5.0, 6.0)))

    async def take(self, request: Request) -> Response:
        """Accept an event; after a recorded one, note when its call will be complete."""
        if (await request.json())["event"] == "call.recorded":
            last = max(self.completed, default=0.0)
            self.completed.append(max(last, time.monotonic()) + self.seconds_per_call)
        return Response(status_code=202)

    @property
    def elephant(self) -> "Peer":
        """Its AskElephant."""
        return self

    def forget(self) -> None:
        """Forget what came."""
        self.completed.clear()

    def seen(self) -> Requests:
        """Return what came."""
        return Requests([], self.completed, [])

    def usage(self) -> Usage:
        """Return one second of CPU more each time."""
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
    """Its CPU is shared out among the calls."""
    with _running(Peer(seconds_per_call=0.25 / RATE)) as stack:
        found = pass_steadily(plan, stack, RATE, seed=1)
    assert found.kept > 0.9
    assert found.cpu == pytest.approx(1000 / 80)


def test_a_peer_that_can_do_half_is_reported_as_lagging(plan: Plan) -> None:
    """At the end of two seconds it is two seconds behind."""
    with _running(Peer(seconds_per_call=2 / RATE)) as stack:
        found = pass_steadily(plan, stack, RATE, seed=1)
    assert found.kept == pytest.approx(0.5, abs=0.1)
    assert found.late > 1.5


class Impatient(Trivial):
    """A server that closes a connection which is idle for 0.1 s, as uvicorn does after 5 s."""

    closed = 0
    ends: ClassVar[list[asyncio.Future[None]]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait."""
        super().connection_made(transport)
        self._end = asyncio.get_running_loop().create_future()
        self.ends.append(self._end)
        self._closes = asyncio.get_running_loop().call_later(0.1, self._close, transport)

    def data_received(self, data: bytes) -> None:
        """Answer, and wait no more: this one is in use."""
        self._closes.cancel()
        super().data_received(data)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Note its end."""
        self._closes.cancel()
        self._end.set_result(None)

    @classmethod
    def _close(cls, transport: asyncio.BaseTransport) -> None:
        cls.closed += 1
        transport.close()


def test_connections_that_the_server_closes_are_replaced() -> None:
    """A paced load leaves most of its connections idle; a burst needs all of them again."""
    frames = list(payloads.requests(10, seed=1))
    due = [*(0.02 * number for number in range(15)), *[0.4] * 15]
    load = Load(frames, 0, iter(due))

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Impatient, "127.0.0.1", 0)
        async with server:
            await load.run(server.sockets[0].getsockname()[1], connections=4)
            await asyncio.gather(*Impatient.ends)

    asyncio.run(run())
    assert Impatient.closed >= 1  # on a busy machine more of them are in use
    assert load.statuses == {"202": 30}


def test_a_timetable_is_kept(plan: Plan) -> None:
    """Its beginning is known while it runs, and no request leaves before its time."""
    table = timetable(RATE, 1.0, seed=1)
    with trivial_server(plan) as port, shooting_on(port, table, plan.directory) as run:
        assert 0 < run.began <= time.monotonic()
        seen = run.wait()
    assert seen.answered == 3 * 40
    assert seen.began == run.began
    assert seen.seconds >= table.due[-1] - 0.001
