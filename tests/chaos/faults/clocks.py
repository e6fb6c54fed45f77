"""Faults of clocks: the senders' ten minutes ahead or behind of the bridge's; the bridge's own."""

from tests.chaos.quiet import resting
from tests.chaos.scene import Fault, Scene
from tests.chaos.stage import Needs
from tests.scenarios.waiting import wait_for

STEPS = (600.0, -600.0)
UNAUTHENTIC = 401

DEADLINE = 1800.0
"""Seconds; longer than two steps, so that none of them ends a wait."""
ALL_DUE = 700.0
"""What was put down for later while the clock was ahead comes due."""
ALL_OVER = ALL_DUE + 2 * DEADLINE
WITHIN = 120.0
WAITING = {"no-insights", "partial-insights"}
"""Behaviours with which a call waits to its deadline."""


def step_senders(scene: Scene) -> None:
    """Step both senders' clocks away and back. What is refused meanwhile is sent again."""
    for seconds in scene.rng.sample(STEPS, len(STEPS)):
        scene.wait_for_moment(len(STEPS))
        _step_senders(scene, seconds)
        scene.pause(2, 4)
        _step_senders(scene, 0)
    _expect_refusals(scene)


def step_bridge(scene: Scene) -> None:
    """Step the bridge's clock ahead and behind, and back each time; then let time pass for all.

    What was to be done ten minutes hence, by a clock that was ahead, is done then and not before:
    late, and not lost.
    """
    for seconds in STEPS:
        scene.wait_for_moment(len(STEPS))
        scene.stage.step_clock(seconds)
        scene.pause(2, 4)
        scene.stage.step_clock(0)
    _expect_refusals(scene)
    wait_for(lambda: scene.senders.is_done, bool, "all is acknowledged", WITHIN)
    _step_all(scene, ALL_DUE)
    most = sum(not WAITING & one.befalls for one in scene.plan)
    wait_for(
        lambda: resting(scene.ask("/api/stats")),
        lambda count: count >= most,
        "all but those without insights are at rest",
        WITHIN,
    )
    _step_all(scene, ALL_OVER)


def _step_all(scene: Scene, seconds: float) -> None:
    _step_senders(scene, seconds)
    scene.stage.step_clock(seconds)


def _step_senders(scene: Scene, seconds: float) -> None:
    scene.senders.step = seconds
    scene.stage.sandbox.control("webhook", {"clock_step": seconds}).raise_for_status()


def _expect_refusals(scene: Scene) -> None:
    refused = sum(status == UNAUTHENTIC for _, status, _ in scene.senders.answers)
    scene.expect(refused, "no delivery was refused for its clock")


LASTING = Needs(
    own_clock=True,
    settings=(
        ("BRIDGE_TRANSCRIPT_DEADLINE", str(DEADLINE)),
        ("BRIDGE_INSIGHTS_DEADLINE", str(DEADLINE)),
    ),
)
FAULTS = (
    Fault("clock-steps", "the senders' clocks ten minutes off", step_senders, keeps_answers=True),
    Fault("clock-of-bridge", "the bridge's clock ten minutes off", step_bridge, LASTING),
)
