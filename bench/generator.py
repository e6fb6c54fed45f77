"""The load generator, a separate process: ``python -m bench.generator --help``.

The generator sends prepared requests over keep-alive connections. It prints the time of its start,
and finally the results as JSON. Each connection sends its next request after a response. With
``--rate`` or ``--due``, requests are sent at scheduled times instead. The latency of a request is
then measured from its scheduled time, so that the result includes the time in which a stalled
server delayed the sending.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

import uvloop

from bench.caller import Caller
from bench.payloads import read
from bench.series import percentile

clock = time.monotonic
WITHIN = 30.0
"""The timeout, in seconds, of the last responses."""


class Load:
    """One run of the load generator. If ``seconds`` is 0, it lasts until all requests are sent.

    ``due`` yields the scheduled time of each request, in seconds from the start. Without ``due``,
    each connection sends its next request after the response to the previous one.
    """

    def __init__(self, frames: list[bytes], seconds: float, due: Iterator[float] | None) -> None:
        self._frames = iter(frames)
        self._seconds, self._due = seconds, due
        self._idle: list[Caller] = []
        self._port = self._connections = self._open = 0
        self._connecting: set[asyncio.Task[None]] = set()
        self._overdue: deque[tuple[bytes, float]] = deque()
        self._in_flight = 0
        self._is_over = False
        self._done = asyncio.Event()
        self.waits: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.began = self.ended = 0.0

    async def run(self, port: int, connections: int) -> None:
        """Connect, print the time, and send until the time is over or all requests are sent.

        Return after the last response.
        """
        self._port, self._connections = port, connections
        for _ in range(connections):
            self._idle.append(await self._connect())
        self.began = clock()
        sys.stdout.write(f"{self.began}\n")
        sys.stdout.flush()
        if self._due is not None:
            self._tick(self._due, next(self._due))
        else:
            for caller in [*self._idle]:
                self._next(caller)
        await asyncio.wait_for(self._done.wait(), self._seconds + WITHIN if self._seconds else None)
        for caller in self._idle:
            caller.close()

    async def _connect(self) -> Caller:
        loop = asyncio.get_running_loop()
        make = partial(Caller, self._on_response, self._on_lost)
        self._open += 1
        _, caller = await loop.create_connection(make, "127.0.0.1", self._port)
        return caller

    def _on_response(self, caller: Caller, head: bytes) -> None:
        self.ended = clock()
        self._in_flight -= 1
        self.waits.append(self.ended - caller.due_at)
        self.statuses[head[9:12].decode()] += 1
        if self._due is not None:
            self._idle.append(caller)
            self._send_overdue()
        else:
            self._next(caller)
        self._finish()

    def _on_lost(self, caller: Caller) -> None:
        self._open -= 1
        if caller in self._idle and self._due is not None:  # servers close idle connections
            self._idle.remove(caller)
        else:
            self._fail()

    def _fail(self) -> None:
        if not self._done.is_set():
            self.statuses["lost"] += 1
            self._is_over = True
            self._done.set()

    def _next(self, caller: Caller) -> None:
        frame = self._next_frame(clock())
        if frame is not None:
            self._in_flight += 1
            caller.send(frame, clock())

    def _next_frame(self, now: float) -> bytes | None:
        in_time = not self._seconds or now - self.began < self._seconds
        frame = next(self._frames, None) if in_time and not self._is_over else None
        self._is_over = self._is_over or frame is None
        return frame

    def _tick(self, due: Iterator[float], offset: float) -> None:
        at = self.began + offset
        frame, following = self._next_frame(at), next(due, None)
        if frame is not None:
            self._overdue.append((frame, at))
            self._send_overdue()
        if frame is None or following is None:
            self._is_over = True
            self._finish()
            return
        asyncio.get_running_loop().call_at(self.began + following, self._tick, due, following)

    def _send_overdue(self) -> None:
        while self._overdue and self._idle:
            frame, due = self._overdue.popleft()
            self._in_flight += 1
            self._idle.pop().send(frame, due)  # the one used last is the least likely closed
        if self._overdue and self._open < self._connections:
            task = asyncio.create_task(self._connect_again())
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    async def _connect_again(self) -> None:
        try:
            self._idle.append(await self._connect())
        except OSError:
            self._fail()
        else:
            self._send_overdue()

    def _finish(self) -> None:
        if self._is_over and not self._in_flight and not self._overdue:
            self._done.set()


def main() -> None:
    """Run the load generator once. Print the results as JSON: counts, and times in seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--frames", type=Path, required=True)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=0.0)
    schedule = parser.add_mutually_exclusive_group()
    schedule.add_argument("--rate", type=float, default=0.0)
    schedule.add_argument(
        "--due", type=Path, help="file with a JSON list: the seconds of each frame"
    )
    options = parser.parse_args()
    due: Iterator[float] | None = None
    if options.due:
        due = iter(json.loads(options.due.read_text()))
    elif options.rate:
        due = (number / options.rate for number in count())
    load = Load(read(options.frames), options.seconds, due)
    uvloop.run(load.run(options.port, options.connections))
    figures = {
        "answered": len(load.waits),
        "began": load.began,
        "seconds": load.ended - load.began,
        "p50": percentile(load.waits, 50),
        "p99": percentile(load.waits, 99),
        "statuses": load.statuses,
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
