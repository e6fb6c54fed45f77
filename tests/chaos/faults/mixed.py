"""Many faults in one run, at the same time."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from random import Random

from tests.chaos.fixture import Fault, Fixture
from tests.chaos.stage import Needs

CHOSEN = 3
"""Faults of each lane."""
LEAST_SPAN = 60.0
"""Seconds: so that each fault meets new calls."""

Lane = Sequence[Fault]


def mixed(*lanes: Lane) -> Fault:
    """Return a fault that plays faults of all ``lanes`` beside each other.

    Those of one lane trouble the same part, and are played one after the other, a random few.
    """

    def befall(fixture: Fixture) -> None:
        parts = [_part(fixture) for _ in lanes]
        with ThreadPoolExecutor(len(lanes)) as pool:
            for played in pool.map(_play, parts, lanes):
                fixture.noted.append(", then ".join(played))

    def afterwards(fixture: Fixture) -> None:
        for look in {fault.afterwards for lane in lanes for fault in lane}:
            look(fixture)

    return Fault(
        "mixed",
        "many of these, beside and after each other",
        befall,
        Needs(store_link=True, elephant_link=True, beats=2),
        afterwards=afterwards,
        least_span=LEAST_SPAN,
    )


def _part(fixture: Fixture) -> Fixture:
    """Return a fixture whose chance no other lane has a hand in."""
    return replace(fixture, rng=Random(fixture.rng.random()), is_alone=False)  # noqa: S311 - to replay


def _play(fixture: Fixture, lane: Lane) -> list[str]:
    chosen = fixture.rng.sample(lane, min(CHOSEN, len(lane)))
    for fault in chosen:
        fault.befall(replace(fixture, span=fixture.span / len(chosen)))
    return [fault.name for fault in chosen]
