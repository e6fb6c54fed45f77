"""Several faults in one run, at the same time."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from random import Random

from tests.chaos.fixture import Fault, Fixture
from tests.chaos.stack import Needs

CHOSEN = 3
"""The number of faults of each lane."""
LEAST_SPAN = 60.0
"""Seconds, so that each fault meets new calls."""

Lane = Sequence[Fault]


def mixed(*lanes: Lane) -> Fault:
    """Return a fault that runs faults of all ``lanes`` at the same time.

    The faults of one lane disturb the same part; a random few of them run one after the other.
    """

    def inject(fixture: Fixture) -> None:
        seeds = [fixture.rng.random() for _ in lanes]
        parts = [replace(fixture, rng=Random(seed), is_alone=False) for seed in seeds]  # noqa: S311 - to repeat a run
        with ThreadPoolExecutor(len(lanes)) as pool:
            for names in pool.map(_run_lane, parts, lanes):
                fixture.noted.append(", then ".join(names))

    def afterwards(fixture: Fixture) -> None:
        for check in {fault.afterwards for lane in lanes for fault in lane}:
            check(fixture)

    return Fault(
        "mixed",
        "many of these, at the same time and one after the other",
        inject,
        Needs(store_link=True, elephant_link=True, beats=2),
        afterwards=afterwards,
        least_span=LEAST_SPAN,
    )


def _run_lane(fixture: Fixture, lane: Lane) -> list[str]:
    """Run a few faults of the lane one after the other; return their names."""
    chosen = fixture.rng.sample(lane, min(CHOSEN, len(lane)))
    for fault in chosen:
        fault.inject(replace(fixture, span=fixture.span / len(chosen)))
    return [fault.name for fault in chosen]
