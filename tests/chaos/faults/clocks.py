"""Faults of clocks: the senders' ten minutes ahead or behind of the bridge's; the bridge's own."""

from tests.chaos.scene import Fault, Scene
from tests.chaos.stage import Needs
from tests.scenarios.waiting import wait_for

STEPS = (600.0, -600.0)
UNAUTHENTIC = 401

ALL_DUE = 700.0
"""Seconds ahead at which everything is due that was scheduled while the clock was ahead."""
WITHIN = 120.0


def step_senders(scene: Scene) -> None:
    """Step both senders' clocks away and back. What is refused meanwhile is sent again."""
    for seconds in scene.rng.sample(STEPS, len(STEPS)):
        scene.wait_for_moment(len(STEPS))
        _step_senders(scene, seconds)
        scene.pause(2, 4)
        _step_senders(scene, 0)
    _expect_refusals(scene)


def step_bridge(scene: Scene) -> None:
    """Step the bridge's clock ahead and behind, and back each time; then ahead for good.

    What was scheduled by a clock that was ahead is done at its time: late, and not lost. Deadlines
    leave out the time in which a call was due and did not run, so no step ends a wait.
    """
    for seconds in STEPS:
        scene.wait_for_moment(len(STEPS))
        scene.stage.step_clock(seconds)
        scene.pause(2, 4)
        scene.stage.step_clock(0)
    _expect_refusals(scene)
    wait_for(lambda: scene.senders.is_done, bool, "all is acknowledged", WITHIN)
    _step_all(scene, ALL_DUE)


def _step_all(scene: Scene, seconds: float) -> None:
    _step_senders(scene, seconds)
    scene.stage.step_clock(seconds)


def _step_senders(scene: Scene, seconds: float) -> None:
    scene.senders.step = seconds
    scene.stage.sandbox.control("webhook", {"clock_step": seconds}).raise_for_status()


def _expect_refusals(scene: Scene) -> None:
    refused = sum(status == UNAUTHENTIC for _, status, _ in scene.senders.answers)
    scene.expect(refused, "no delivery was refused for its clock")


FAULTS = (
    Fault("clock-steps", "the senders' clocks ten minutes off", step_senders, keeps_answers=True),
    Fault(
        "clock-of-bridge", "the bridge's clock ten minutes off", step_bridge, Needs(own_clock=True)
    ),
)
