"""Calls through a whole peer: three events in, POST, transcript event, GET."""

import time
from dataclasses import dataclass
from itertools import count

from bench import payloads
from bench.load import PeerError, shoot
from bench.plan import Plan
from bench.stack import Stack

WITHIN = 300.0
SETTLE = 0.5
"""Seconds for the last saves, which no request tells of."""

_seeds = count(100)


@dataclass(frozen=True, slots=True)
class Journey:
    """What one round took: calls per second of the clock, CPU milliseconds per call."""

    per_second: float
    cpu: float


def next_seed() -> int:
    """Return a seed whose calls no store has seen."""
    return next(_seeds)


def travel(plan: Plan, stack: Stack, calls: int, seed: int, settle: float = SETTLE) -> Journey:
    """Send the events of ``calls`` calls, and wait until AskElephant was asked for all insights.

    The responses and the last saves get ``settle`` seconds more, which count as no time of a call.
    """
    frames = plan.directory / "journey.frames"
    payloads.write(frames, payloads.requests(calls, seed))
    stack.elephant.forget()
    before = stack.usage().cpu
    seen = shoot(stack.port, frames)
    ended = max(all_gets(stack, calls))
    time.sleep(settle)
    used = stack.usage().cpu - before
    return Journey(calls / (ended - seen.began), 1000 * used / calls)


def all_gets(stack: Stack, calls: int) -> list[float]:
    """Return when insights were asked for, as soon as they were for so many calls."""
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        gets = stack.elephant.seen().gets
        if len(gets) >= calls:
            return gets
        time.sleep(0.05)
    raise PeerError(f"{stack.peer.name}: {len(gets)} of {calls} calls came through")
