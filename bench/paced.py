"""Measures calls at a steady rate: whether an implementation keeps up, and its CPU per call."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.burst import SETTLE, all_gets
from bench.load import sending_load
from bench.plan import Plan
from bench.series import percentile
from bench.stack import Stack
from bench.timetable import timetable

WARM_UP = 0.1
"""The fraction of the load's time, at the start, that is not counted: no call is complete yet."""


@dataclass(frozen=True, slots=True)
class Paced:
    """The results of one round. ``kept`` is the rate of completed calls / the offered rate.

    ``late`` is the p95 of the seconds from a call's recorded event until the call was complete.
    ``cpu`` is the CPU time per call in milliseconds.
    """

    kept: float
    late: float
    cpu: float


def pass_steadily(plan: Plan, stack: Stack, rate: float, seed: int) -> Paced:
    """Send the events of ``rate`` calls a second. Return the results when all calls are complete.

    A call is complete when its insights are requested.
    """
    table = timetable(rate, plan.steady_seconds, seed)
    stack.elephant.forget()
    before = stack.usage().cpu
    with sending_load(stack.port, table, plan.directory) as run:
        run.wait()
        offered = [run.began + at for at in table.recorded.values()]
    completed = all_gets(stack, len(offered))
    time.sleep(SETTLE)
    used = stack.usage().cpu - before
    late = percentile(lateness(offered, completed), 95)
    return Paced(kept(offered, completed), late, 1000 * used / len(offered))


def kept(offered: Sequence[float], completed: Sequence[float]) -> float:
    """Return the rate of completed calls during the load, divided by the rate of offered calls.

    A delay that is the same for all calls does not lower the result. A growing delay does, because
    calls that are completed after the end of the load are not counted.
    """
    first, last = min(offered), max(offered)
    begin = first + WARM_UP * (last - first)

    def within(times: Iterable[float]) -> int:
        return sum(begin < at <= last for at in times)

    return within(completed) / within(offered)


def lateness(offered: Iterable[float], completed: Iterable[float]) -> list[float]:
    """Return, for each n, the seconds from the n-th offered call to the n-th completed call."""
    pairs = zip(sorted(offered), sorted(completed), strict=False)
    return [done - at for at, done in pairs]
