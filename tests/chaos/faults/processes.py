"""Faults of the bridge's own processes."""

import signal
import time

from tests.chaos.scene import Fault, Scene
from tests.chaos.stage import WORKERS, Needs
from tests.scenarios.stack import SCALE

SEVERAL = 4
LAG = 1.0 / SCALE
"""A second between what AskElephant does and its answer: many requests are in that window."""
OLD_AND_NEW = 2

GATHERS = 1.5
"""Seconds for which the workers stand still, so that a batch of several calls becomes due."""

A_BATCH = 2
MEETS_WITHIN = 5.0
LOOKS_EVERY = 0.02


def none(_scene: Scene) -> None:
    """Let nothing happen."""


def kill_worker(scene: Scene) -> None:
    """Kill workers in the middle of a batch, several times: AskElephant has its requests.

    With the lag the engagements are made by then, and their responses are never received.
    """
    if scene.is_alone:  # what others do to AskElephant is wide enough
        scene.stage.sandbox.control("faults", {"lag": LAG})
    met = [_kill_in_the_middle(scene) for _ in range(SEVERAL)]
    scene.noted.append(f"submissions in flight at the kills: {met}")
    scene.expect(max(met) >= A_BATCH, "no kill met a batch")
    if scene.is_alone:
        scene.stage.sandbox.control("faults")


def _kill_in_the_middle(scene: Scene) -> int:
    """Kill a worker while it submits several calls; return how many submissions were in flight.

    Both stand still until several calls are due, and then this one works alone.
    """
    scene.wait_for_moment(2 * SEVERAL)  # the other half of the time is spent here
    victim, other = scene.rng.sample(WORKERS, 2)
    for name in WORKERS:
        scene.stage.processes[name].signal(signal.SIGSTOP)
    scene.pause(GATHERS)
    scene.stage.processes[victim].signal(signal.SIGCONT)
    end, in_flight = time.monotonic() + MEETS_WITHIN, 0
    while in_flight < A_BATCH and time.monotonic() < end:
        scene.pause(LOOKS_EVERY)
        in_flight = _submissions_in_flight(scene)
    scene.stage.kill(victim)
    scene.stage.processes[other].signal(signal.SIGCONT)
    return in_flight


def _submissions_in_flight(scene: Scene) -> int:
    seen = scene.stage.sandbox.journal()["requests"]
    return sum(one["method"] == "POST" and one["answered_at"] is None for one in seen)


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
    Fault(
        "kill-worker",
        "SIGKILL of workers in the middle of a batch, between its requests and the save",
        kill_worker,
        least_span=20.0,
    ),
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
