"""Faults of AskElephant's webhooks: many times over, too early, not at all."""

import time

from tests.chaos.faults.processes import none
from tests.chaos.plan import Recipe
from tests.chaos.scene import Fault, Scene

TIMES = 5
EVERY = 1.0
LONGEST = 300.0
"""Seconds, for a machine that is very busy; it ends as soon as all is sent."""


def resend(scene: Scene) -> None:
    """Send AskElephant's transcript events five times more; WAVV's are, by the plan."""
    left: dict[str, int] = {}
    wanted = sum(one.state == "complete" for one in scene.plan)
    end = time.monotonic() + LONGEST
    while time.monotonic() < end and not (len(left) == wanted and not any(left.values())):
        begun = time.monotonic()
        for one in scene.stage.sandbox.journal()["engagements"]:
            if one["processing_status"] == "COMPLETED":
                left.setdefault(one["external_id"], TIMES)
        waiting = [name for name, times in left.items() if times]
        for name in scene.rng.sample(waiting, (len(waiting) + 1) // 2):
            left[name] -= 1
            scene.stage.sandbox.control("resend", {"external_id": name}).raise_for_status()
        scene.pause(max(0.0, begun + EVERY - time.monotonic()))
    scene.promise(not any(left.values()), "not every webhook was sent five times more")


FAULTS = (
    Fault(
        "webhooks-resent",
        "each webhook five times more, shuffled across the whole run",
        resend,
        recipe=Recipe(copies=TIMES),
        keeps_answers=True,
    ),
    Fault(
        "webhook-before-answer",
        "the event before the request's own answer",
        none,
        recipe=Recipe(behaviours=("early-webhook",)),
        keeps_answers=True,
        bounds_waiting=True,
    ),
    Fault(
        "webhooks-none",
        "no webhook at all",
        none,
        recipe=Recipe(behaviours=("no-webhook",)),
        keeps_answers=True,
        bounds_waiting=True,
    ),
)
