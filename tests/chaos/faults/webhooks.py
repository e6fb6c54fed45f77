"""Faults of AskElephant's webhooks: sent many times, too early, not at all."""

import time

from tests.chaos.faults.processes import none
from tests.chaos.fixture import Fault, Fixture
from tests.chaos.plan import Recipe

TIMES = 5
EVERY = 1.0
LONGEST = 300.0
"""Seconds at most, for a busy machine; the fault ends when all webhooks are sent."""


def resend(fixture: Fixture) -> None:
    """Send each of AskElephant's transcript events five times more.

    The plan's copies do the same with WAVV's events.
    """
    left: dict[str, int] = {}
    wanted = sum(planned.state == "complete" for planned in fixture.plan)
    end = time.monotonic() + LONGEST
    while time.monotonic() < end and not (len(left) == wanted and not any(left.values())):
        begun = time.monotonic()
        for engagement in fixture.stack.sandbox.journal()["engagements"]:
            if engagement["processing_status"] == "COMPLETED":
                left.setdefault(engagement["external_id"], TIMES)
        waiting = [name for name, times in left.items() if times]
        for name in fixture.rng.sample(waiting, (len(waiting) + 1) // 2):
            left[name] -= 1
            fixture.stack.sandbox.control("resend", {"external_id": name}).raise_for_status()
        fixture.pause(max(0.0, begun + EVERY - time.monotonic()))
    fixture.require(not any(left.values()), "not every webhook was sent five times more")


FAULTS = (
    Fault(
        "webhooks-resent",
        "each webhook five times more, shuffled across the whole run",
        resend,
        recipe=Recipe(copies=TIMES),
        keeps_responses=True,
    ),
    Fault(
        "webhook-before-answer",
        "the event before the request's own response",
        none,
        recipe=Recipe(behaviours=("early-webhook",)),
        keeps_responses=True,
        bounds_waiting=True,
    ),
    Fault(
        "webhooks-none",
        "no webhook at all",
        none,
        recipe=Recipe(behaviours=("no-webhook",)),
        keeps_responses=True,
        bounds_waiting=True,
    ),
)
