"""What a fault is given while it happens: the processes, the calls, chance and time."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from tests.chaos.plan import PLAIN_RECIPE, PlannedCall, Recipe
from tests.chaos.senders import Senders
from tests.chaos.stage import Needs, Stage

PATIENCE = 60.0
"""Seconds for which the bridge may be too troubled to answer its API."""

ONGOING = 0.9
"""The share of the run's span in which faults may begin: the rest is for what they hit."""


@dataclass
class Fixture:
    """One run. ``span`` is the seconds over which calls are told of.

    ``broken`` are promises of the fault's own that were not kept; ``noted`` is what to tell of.
    """

    stage: Stage
    plan: Sequence[PlannedCall]
    senders: Senders
    rng: Random
    span: float
    is_alone: bool = True
    broken: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)
    losses_excused_from: list[tuple[float, float]] = field(default_factory=list)
    """Stretches of the monotonic clock whose acknowledged events a documented window may lose."""

    def pause(self, least: float, most: float | None = None) -> None:
        """Let some time pass: a random one between the two."""
        time.sleep(least if most is None else self.rng.uniform(least, most))

    def wait_for_moment(self, count: int) -> None:
        """Wait for the next of ``count`` moments, of which each has its part of the span."""
        self.pause(0.1 * self.span / count, ONGOING * self.span / count)

    def ask(self, path: str) -> Any:  # noqa: ANN401 - any JSON
        """Return what the API answers, again and again while something else befalls it."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self.stage.bridge.get(path).raise_for_status().json()
            except httpx.HTTPError:
                if time.monotonic() > end:
                    raise
            self.pause(0.2)

    def promise(self, kept: object, told: str) -> None:
        """Hold the bridge to something beside the invariant."""
        if not kept:
            self.broken.append(told)

    def expect(self, met: object, told: str) -> None:
        """Hold the fault itself to having met something; among others it may come too late."""
        if not met:
            (self.broken if self.is_alone else self.noted).append(told)


@dataclass(frozen=True)
class Fault:
    """One kind of trouble. ``befall`` lets it happen, and returns when it is over.

    ``recipe`` is what its plan is made of. ``keeps_answers`` says that whatever AskElephant
    responds is received and saved: a call that is submitted once more is submitted twice.
    ``afterwards`` checks what the run has left, when all is quiet. When no call comes to rest for
    ``within`` seconds, those that are left are stuck; ``least_span`` is how many seconds of calls
    it needs, to meet some at its last moment. ``bounds_waiting`` says that from its end on no call
    may keep back another one: see ``waiting``.
    """

    name: str
    line: str
    befall: Callable[[Fixture], None]
    needs: Needs = field(default_factory=Needs)
    recipe: Recipe = PLAIN_RECIPE
    keeps_answers: bool = False
    afterwards: Callable[[Fixture], None] = lambda _fixture: None
    within: float = 150.0
    least_span: float = 10.0
    bounds_waiting: bool = False
