"""Faults of the bridge's own processes."""

import signal
import time

from tests.chaos.fixture import Fault, Fixture
from tests.chaos.stage import WORKERS, Needs
from tests.support.stack import SCALE

SEVERAL = 4
LAG = 1.0 / SCALE
"""A second between what AskElephant does and its answer: many requests are in that window."""
OLD_AND_NEW = 2

GATHERS = 1.5
"""Seconds for which the workers stand still, so that a batch of several calls becomes due."""

A_BATCH = 2
MEETS_WITHIN = 5.0
POLL_SECONDS = 0.02


def none(_fixture: Fixture) -> None:
    """Let nothing happen."""


def kill_worker(fixture: Fixture) -> None:
    """Kill workers in the middle of a batch, several times: AskElephant has its requests.

    With the lag the engagements are made by then, and their responses are never received.
    """
    if fixture.is_alone:  # what others do to AskElephant is wide enough
        fixture.stage.sandbox.control("faults", {"lag": LAG})
    met = [_kill_in_the_middle(fixture) for _ in range(SEVERAL)]
    fixture.noted.append(f"submissions in flight at the kills: {met}")
    fixture.expect(max(met) >= A_BATCH, "no kill met a batch")
    if fixture.is_alone:
        fixture.stage.sandbox.control("faults")


def _kill_in_the_middle(fixture: Fixture) -> int:
    """Kill a worker while it submits several calls; return how many submissions were in flight.

    Both stand still until several calls are due, and then this one works alone.
    """
    fixture.wait_for_moment(2 * SEVERAL)  # the other half of the time is spent here
    victim, other = fixture.rng.sample(WORKERS, 2)
    for name in WORKERS:
        fixture.stage.processes[name].signal(signal.SIGSTOP)
    fixture.pause(GATHERS)
    fixture.stage.processes[victim].signal(signal.SIGCONT)
    end, in_flight = time.monotonic() + MEETS_WITHIN, 0
    while in_flight < A_BATCH and time.monotonic() < end:
        fixture.pause(POLL_SECONDS)
        in_flight = _submissions_in_flight(fixture)
    fixture.stage.kill(victim)
    fixture.stage.processes[other].signal(signal.SIGCONT)
    return in_flight


def _submissions_in_flight(fixture: Fixture) -> int:
    seen = fixture.stage.sandbox.journal()["requests"]
    return sum(one["method"] == "POST" and one["answered_at"] is None for one in seen)


def kill_web(fixture: Fixture) -> None:
    """Kill the web process under load."""
    for _ in range(SEVERAL):
        fixture.wait_for_moment(SEVERAL)
        fixture.stage.kill("web")


def kill_beat(fixture: Fixture) -> None:
    """Kill beat, again and again: each time it is started anew."""
    for _ in range(SEVERAL):
        fixture.wait_for_moment(SEVERAL)
        fixture.stage.kill("beat-1")


def deploy(fixture: Fixture) -> None:
    """Stop everything in mid-flight, in the order of ``bridge up``, and start it again."""
    for _ in range(OLD_AND_NEW):
        fixture.wait_for_moment(OLD_AND_NEW)
        late = fixture.stage.stop("web", "beat-1", *WORKERS)
        fixture.expect(not late, f"{', '.join(late)} did not end in time")
        fixture.stage.start(*WORKERS, "beat-1", "web")


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
