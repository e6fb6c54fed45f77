"""The load generator, a process of its own: ``python -m bench.generator --help``.

It sends requests that were made beforehand over keep-alive connections, and prints what came as
JSON. Each connection sends its next request when it has its answer; with ``--rate``, requests
leave on a schedule instead, and are measured from when they were due (so a stall is not hidden).
"""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter, deque
from pathlib import Path

import uvloop

from bench.caller import Caller
from bench.payloads import read
from bench.series import percentile

clock = time.monotonic
WITHIN = 30.0
"""Seconds for the last answers to come."""


class Load:
    """One run. ``seconds`` 0 = until all frames are sent."""

    def __init__(self, frames: list[bytes], seconds: float, rate: float) -> None:
        self._frames = iter(frames)
        self._seconds, self._rate = seconds, rate
        self._idle: deque[Caller] = deque()
        self._overdue: deque[tuple[bytes, float]] = deque()
        self._in_flight = 0
        self._is_over = False
        self._done = asyncio.Event()
        self.waits: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.began = self.ended = 0.0

    async def run(self, port: int, connections: int) -> None:
        """Connect, then send until the time or the frames are over and all is answered."""
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            _, caller = await loop.create_connection(self._caller, "127.0.0.1", port)
            self._idle.append(caller)
        self.began = clock()
        if self._rate:
            self._tick(0)
        else:
            for caller in [*self._idle]:
                self._next(caller)
        await asyncio.wait_for(self._done.wait(), self._seconds + WITHIN if self._seconds else None)

    def _caller(self) -> Caller:
        return Caller(self._answered, self._lost)

    def _answered(self, caller: Caller, head: bytes) -> None:
        self.ended = clock()
        self._in_flight -= 1
        self.waits.append(self.ended - caller.asked_at)
        self.statuses[head[9:12].decode()] += 1
        if self._rate:
            self._idle.append(caller)
            self._send_overdue()
        else:
            self._next(caller)
        self._finish()

    def _lost(self, _caller: Caller) -> None:
        if not self._done.is_set():
            self.statuses["lost"] += 1
            self._is_over = True
            self._done.set()

    def _next(self, caller: Caller) -> None:
        frame = self._take(clock())
        if frame is not None:
            self._in_flight += 1
            caller.ask(frame, clock())

    def _take(self, now: float) -> bytes | None:
        in_time = not self._seconds or now - self.began < self._seconds
        frame = next(self._frames, None) if in_time and not self._is_over else None
        self._is_over = self._is_over or frame is None
        return frame

    def _tick(self, number: int) -> None:
        due = self.began + number / self._rate
        frame = self._take(due)
        if frame is None:
            self._finish()
            return
        self._overdue.append((frame, due))
        self._send_overdue()
        following = self.began + (number + 1) / self._rate
        asyncio.get_running_loop().call_at(following, self._tick, number + 1)

    def _send_overdue(self) -> None:
        while self._overdue and self._idle:
            frame, due = self._overdue.popleft()
            self._in_flight += 1
            self._idle.popleft().ask(frame, due)

    def _finish(self) -> None:
        if self._is_over and not self._in_flight and not self._overdue:
            self._done.set()


def main() -> None:
    """Run once, and print the figures: counts, seconds, and waits in seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--frames", type=Path, required=True)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--rate", type=float, default=0.0)
    asked = parser.parse_args()
    load = Load(read(asked.frames), asked.seconds, asked.rate)
    uvloop.run(load.run(asked.port, asked.connections))
    told = {
        "answered": len(load.waits),
        "began": load.began,
        "seconds": load.ended - load.began,
        "p50": percentile(load.waits, 50),
        "p99": percentile(load.waits, 99),
        "statuses": load.statuses,
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
