"""Faults of the bridge's own processes."""

from tests.chaos.scene import Fault, Scene
from tests.chaos.stage import WORKERS, Needs
from tests.scenarios.stack import SCALE

SEVERAL = 4
LAG = 1.0 / SCALE
"""A second between what AskElephant does and its answer: many requests are in that window."""
OLD_AND_NEW = 2


def none(_scene: Scene) -> None:
    """Let nothing happen."""


def kill_worker(scene: Scene) -> None:
    """Kill one worker after the other, while answers hang between AskElephant and the save."""
    if scene.is_alone:  # what others do to AskElephant is wide enough
        scene.stage.sandbox.control("faults", {"lag": LAG})
    for _ in range(SEVERAL):
        scene.wait_for_moment(SEVERAL)
        scene.stage.kill(scene.rng.choice(WORKERS))
    if scene.is_alone:
        scene.stage.sandbox.control("faults")


def kill_web(scene: Scene) -> None:
    """Kill the web process under load."""
    for _ in range(SEVERAL):
        scene.wait_for_moment(SEVERAL)
        scene.stage.kill("web")


def kill_beat(scene: Scene) -> None:
    """Kill beat, again and again: each time it is started anew."""
    for _ in range(SEVERAL):
        scene.wait_for_moment(SEVERAL)
        scene.stage.kill("beat-1")


def deploy(scene: Scene) -> None:
    """Stop everything in mid-flight, in the order of ``bridge up``, and start it again."""
    for _ in range(OLD_AND_NEW):
        scene.wait_for_moment(OLD_AND_NEW)
        late = scene.stage.stop("web", "beat-1", *WORKERS)
        scene.expect(not late, f"{', '.join(late)} did not end in time")
        scene.stage.start(*WORKERS, "beat-1", "web")


FAULTS = (
    Fault("none", "nothing: ordinary work", none, keeps_answers=True, bounds_waiting=True),
    Fault("kill-worker", "SIGKILL of workers between their request and its save", kill_worker),
    Fault("kill-web", "SIGKILL of the web process under load", kill_web, keeps_answers=True),
    Fault("kill-beat", "SIGKILL of beat", kill_beat, keeps_answers=True),
    Fault(
        "two-beats",
        "two beats at once, one of them killed",
        kill_beat,
        Needs(beats=2),
        keeps_answers=True,
    ),
    Fault(
        "deploy", "SIGTERM of everything in mid-flight, then a start", deploy, keeps_answers=True
    ),
)
