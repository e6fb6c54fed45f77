"""A burst of calls through a whole peer: three events, POST, transcript event and GET of each."""

import time
from dataclasses import dataclass
from itertools import count

from bench import payloads
from bench.load import PeerError, send_load
from bench.plan import Plan
from bench.stack import Stack

WITHIN = 300.0
SETTLE = 0.5
"""Seconds for the last saves, after which no request shows that they are done."""

_seeds = count(100)


@dataclass(frozen=True, slots=True)
class Burst:
    """The figures of one burst: calls per second, and milliseconds of CPU per call."""

    per_second: float
    cpu: float


def next_seed() -> int:
    """Return a seed that was not used before, so that its calls are new in every store."""
    return next(_seeds)


def run_burst(plan: Plan, stack: Stack, calls: int, seed: int, settle: float = SETTLE) -> Burst:
    """Send the events of ``calls`` calls, and wait until the insights of all were requested.

    Then it waits ``settle`` seconds for the last saves. Their CPU counts, but not this wait.
    """
    frames = plan.directory / "burst.frames"
    payloads.write(frames, payloads.requests(calls, seed))
    stack.elephant.forget()
    before = stack.usage().cpu
    seen = send_load(stack.port, frames)
    ended = max(all_gets(stack, calls))
    time.sleep(settle)
    used = stack.usage().cpu - before
    return Burst(calls / (ended - seen.began), 1000 * used / calls)


def all_gets(stack: Stack, calls: int) -> list[float]:
    """Wait for ``calls`` requests for insights; return the time of each.

    Raises ``PeerError`` if they do not come in 300 seconds.
    """
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        gets = stack.elephant.seen().gets
        if len(gets) >= calls:
            return gets
        time.sleep(0.05)
    raise PeerError(f"{stack.peer.name}: {len(gets)} of {calls} calls were completed")
