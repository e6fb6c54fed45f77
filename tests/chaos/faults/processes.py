"""Faults of the bridge's own processes."""

import signal
import time

from tests.chaos.fixture import Fault, Fixture
from tests.chaos.stack import WORKERS, Needs
from tests.support.stack import SCALE

SEVERAL = 4
LAG = 1.0 / SCALE
"""The delay of AskElephant's responses that gives one second: many requests are in flight."""
OLD_AND_NEW = 2

GATHERS = 1.5
"""Seconds for which the workers are stopped, so that several calls become due."""

A_BATCH = 2
MEETS_WITHIN = 5.0
POLL_SECONDS = 0.02


def none(_fixture: Fixture) -> None:
    """Cause no fault."""


def kill_worker(fixture: Fixture) -> None:
    """Kill workers several times in the middle of a batch.

    The delay of responses lets AskElephant create the engagements, whose responses are not
    received.
    """
    if fixture.is_alone:  # faults of AskElephant widen the window, too
        fixture.stack.sandbox.control("faults", {"lag": LAG})
    met = [_kill_in_the_middle(fixture) for _ in range(SEVERAL)]
    fixture.noted.append(f"submissions in flight at the kills: {met}")
    fixture.expect(max(met) >= A_BATCH, "no kill met a batch")
    if fixture.is_alone:
        fixture.stack.sandbox.control("faults")


def _kill_in_the_middle(fixture: Fixture) -> int:
    """Kill a worker while it submits calls; return the number of submissions in flight.

    Both workers are stopped until several calls are due; then this one works alone.
    """
    fixture.wait_for_moment(2 * SEVERAL)  # this function needs the other half of the time
    victim, other = fixture.rng.sample(WORKERS, 2)
    for name in WORKERS:
        fixture.stack.processes[name].signal(signal.SIGSTOP)
    fixture.pause(GATHERS)
    fixture.stack.processes[victim].signal(signal.SIGCONT)
    end, in_flight = time.monotonic() + MEETS_WITHIN, 0
    while in_flight < A_BATCH and time.monotonic() < end:
        fixture.pause(POLL_SECONDS)
        in_flight = submissions_in_flight(fixture)
    fixture.stack.kill(victim)
    fixture.stack.processes[other].signal(signal.SIGCONT)
    return in_flight


def submissions_in_flight(fixture: Fixture) -> int:
    """Return the number of submissions without a response."""
    requests = fixture.stack.sandbox.journal()["requests"]
    return sum(each["method"] == "POST" and each["answered_at"] is None for each in requests)


def kill_web(fixture: Fixture) -> None:
    """Kill the web process under load."""
    for _ in range(SEVERAL):
        fixture.wait_for_moment(SEVERAL)
        fixture.stack.kill("web")


def kill_beat(fixture: Fixture) -> None:
    """Kill beat several times; it is started again each time."""
    for _ in range(SEVERAL):
        fixture.wait_for_moment(SEVERAL)
        fixture.stack.kill("beat-1")


def deploy(fixture: Fixture) -> None:
    """Stop all processes of the bridge in the order of ``bridge up``, and start them again."""
    for _ in range(OLD_AND_NEW):
        fixture.wait_for_moment(OLD_AND_NEW)
        late = fixture.stack.stop("web", "beat-1", *WORKERS)
        fixture.expect(not late, f"{', '.join(late)} did not end in time")
        fixture.stack.start(*WORKERS, "beat-1", "web")


FAULTS = (
    Fault("none", "nothing: ordinary work", none, keeps_responses=True, bounds_waiting=True),
    Fault(
        "kill-worker",
        "SIGKILL of workers in the middle of a batch, between its requests and the save",
        kill_worker,
        least_span=20.0,
    ),
    Fault("kill-web", "SIGKILL of the web process under load", kill_web, keeps_responses=True),
    Fault("kill-beat", "SIGKILL of beat", kill_beat, keeps_responses=True),
    Fault(
        "two-beats",
        "two beats at once, one of them killed",
        kill_beat,
        Needs(beats=2),
        keeps_responses=True,
    ),
    Fault(
        "deploy", "SIGTERM of everything in mid-flight, then a start", deploy, keeps_responses=True
    ),
)
