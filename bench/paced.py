"""Calls at a steady rate through a whole peer: whether it keeps up, and what a call costs."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.journey import SETTLE, all_gets
from bench.load import shooting_on
from bench.plan import Plan
from bench.series import percentile
from bench.stack import Stack
from bench.timetable import timetable

WARM_UP = 0.1
"""Of the load's time, at its beginning: nothing can be complete yet."""


@dataclass(frozen=True, slots=True)
class Paced:
    """One round. ``kept`` is the rate of completed calls, of the offered one.

    ``late`` is how many seconds after its recorded event a call was complete (p95), ``cpu`` the
    milliseconds of CPU per call.
    """

    kept: float
    late: float
    cpu: float


def pass_steadily(plan: Plan, stack: Stack, rate: float, seed: int) -> Paced:
    """Send the events of ``rate`` calls a second; return how the peer did when all are complete.

    A call is complete when AskElephant is asked for its insights.
    """
    table = timetable(rate, plan.steady_seconds, seed)
    stack.elephant.forget()
    before = stack.usage().cpu
    with shooting_on(stack.port, table, plan.directory) as run:
        run.wait()
        offered = [run.began + at for at in table.recorded.values()]
    completed = all_gets(stack, len(offered))
    time.sleep(SETTLE)
    used = stack.usage().cpu - before
    late = percentile(lateness(offered, completed), 95)
    return Paced(kept(offered, completed), late, 1000 * used / len(offered))


def kept(offered: Sequence[float], completed: Sequence[float]) -> float:
    """Return the rate of completions while the load lasts, of the rate of what is offered.

    A wait that is the same for all calls does not lower it. One that grows does: what is completed
    after the load has ended is not counted.
    """
    first, last = min(offered), max(offered)
    begin = first + WARM_UP * (last - first)

    def within(times: Iterable[float]) -> int:
        return sum(begin < at <= last for at in times)

    return within(completed) / within(offered)


def lateness(offered: Iterable[float], completed: Iterable[float]) -> list[float]:
    """Return how long after the first, second, … offered call the first, second, … was complete."""
    pairs = zip(sorted(offered), sorted(completed), strict=False)
    return [done - at for at, done in pairs]
