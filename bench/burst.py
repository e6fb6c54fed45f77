"""Measures a burst of calls through a whole implementation, from WAVV's events to the insights.

For each call there are three events of WAVV, a POST, a transcript event and a GET.
"""

import time
from dataclasses import dataclass
from itertools import count

from bench import payloads
from bench.load import PeerError, send_load
from bench.plan import Plan
from bench.stack import Stack

WITHIN = 300.0
SETTLE = 0.5
"""Seconds to wait after the last request, in which the implementation saves the last calls."""

_seeds = count(100)


@dataclass(frozen=True, slots=True)
class Burst:
    """The results of one burst: calls per second, and milliseconds of CPU per call."""

    per_second: float
    cpu: float


def next_seed() -> int:
    """Return a seed that was not used before, so that its calls are new in each store."""
    return next(_seeds)


def run_burst(plan: Plan, stack: Stack, calls: int, seed: int, settle: float = SETTLE) -> Burst:
    """Send the events of ``calls`` calls, and wait until the insights of all were requested.

    Then wait ``settle`` seconds for the last saves. The CPU of this wait counts, its time does not.
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
    """Wait until the insights of ``calls`` calls were requested. Return the time of each request.

    Raises ``PeerError`` if requests are missing after 300 seconds.
    """
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        gets = stack.elephant.seen().gets
        if len(gets) >= calls:
            return gets
        time.sleep(0.05)
    raise PeerError(f"{stack.peer.name}: {len(gets)} of {calls} calls were completed")
