"""The fixture of a fault: processes, planned calls, random numbers and time."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from tests.chaos.plan import PLAIN_RECIPE, PlannedCall, Recipe
from tests.chaos.senders import Senders
from tests.chaos.stack import Needs, Stack

API_TIMEOUT = 60.0
"""Seconds for which the API may fail while a fault lasts."""

ONGOING = 0.9
"""The share of the run's span in which a fault may begin, so that events follow each fault."""


@dataclass
class Fixture:
    """One run. ``span`` is the number of seconds over which the events are sent.

    ``broken`` lists failed checks of the fault itself; ``noted`` lists facts for the report.
    """

    stack: Stack
    plan: Sequence[PlannedCall]
    senders: Senders
    rng: Random
    span: float
    is_alone: bool = True
    broken: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)
    losses_excused_from: list[tuple[float, float]] = field(default_factory=list)
    """Intervals of the monotonic clock whose acknowledged events may be lost, as documented."""

    def pause(self, least: float, most: float | None = None) -> None:
        """Sleep for ``least`` seconds, or for a random time between ``least`` and ``most``."""
        time.sleep(least if most is None else self.rng.uniform(least, most))

    def wait_for_moment(self, count: int) -> None:
        """Sleep until the next of ``count`` random moments, which share the span equally."""
        self.pause(0.1 * self.span / count, ONGOING * self.span / count)

    def get(self, path: str) -> Any:  # noqa: ANN401 - any JSON
        """Return the API's JSON for this path; repeat a failed request for ``API_TIMEOUT``."""
        end = time.monotonic() + API_TIMEOUT
        while True:
            try:
                return self.stack.bridge.get(path).raise_for_status().json()
            except httpx.HTTPError:
                if time.monotonic() > end:
                    raise
            self.pause(0.2)

    def require(self, holds: object, text: str) -> None:
        """Record ``text`` as a failed check unless ``holds``."""
        if not holds:
            self.broken.append(text)

    def expect(self, met: object, text: str) -> None:
        """Record ``text`` if the fault had no effect: as a failed check, in ``mixed`` as a note."""
        if not met:
            (self.broken if self.is_alone else self.noted).append(text)


@dataclass(frozen=True)
class Fault:
    """One kind of fault. ``inject`` causes it and returns when it is over.

    ``recipe`` describes the plan. ``keeps_responses`` is true if every response of AskElephant is
    received and saved: then a repeated submission is a breach. ``afterwards`` checks the result
    when the bridge is idle. When no call comes to rest for ``within`` seconds, the remaining calls
    are stuck. ``least_span`` is the least number of seconds over which the events are sent.
    ``bounds_waiting`` is true if no call may delay another one after the end of the fault: see
    ``waiting``.
    """

    name: str
    line: str
    inject: Callable[[Fixture], None]
    needs: Needs = field(default_factory=Needs)
    recipe: Recipe = PLAIN_RECIPE
    keeps_responses: bool = False
    afterwards: Callable[[Fixture], None] = lambda _fixture: None
    within: float = 150.0
    least_span: float = 10.0
    bounds_waiting: bool = False
