"""Faults of clocks: the senders' run ten minutes ahead, or behind, of the bridge's."""

from tests.chaos.scene import Fault, Scene

STEPS = (600.0, -600.0)
UNAUTHENTIC = 401


def step(scene: Scene) -> None:
    """Step both senders' clocks away and back. What is refused meanwhile is sent again."""
    for seconds in scene.rng.sample(STEPS, len(STEPS)):
        scene.wait_for_moment(len(STEPS))
        _step(scene, seconds)
        scene.pause(2, 4)
        _step(scene, 0)
    refused = sum(status == UNAUTHENTIC for _, status, _ in scene.senders.answers)
    scene.expect(refused, "no delivery was refused for its clock")


def _step(scene: Scene, seconds: float) -> None:
    scene.senders.step = seconds
    scene.stage.sandbox.control("webhook", {"clock_step": seconds}).raise_for_status()


FAULTS = (Fault("clock-steps", "the senders' clocks ten minutes off", step),)
