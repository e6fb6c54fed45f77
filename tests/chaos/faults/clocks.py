"""Faults of clocks: the senders' ten minutes ahead or behind of the bridge's; the bridge's own."""

from tests.chaos.fixture import Fault, Fixture
from tests.chaos.stage import Needs
from tests.support.waiting import wait_for

STEPS = (600.0, -600.0)
UNAUTHENTIC = 401

ALL_DUE = 700.0
"""Seconds ahead at which everything is due that was scheduled while the clock was ahead."""
WITHIN = 120.0


def step_senders(fixture: Fixture) -> None:
    """Step both senders' clocks away and back. What is refused meanwhile is sent again."""
    for seconds in fixture.rng.sample(STEPS, len(STEPS)):
        fixture.wait_for_moment(len(STEPS))
        _step_senders(fixture, seconds)
        fixture.pause(2, 4)
        _step_senders(fixture, 0)
    _expect_refusals(fixture)


def step_bridge(fixture: Fixture) -> None:
    """Step the bridge's clock ahead and behind, and back each time; then ahead for good.

    What was scheduled by a clock that was ahead is done at its time: late, and not lost. Deadlines
    leave out the time in which a call was due and did not run, so no step ends a wait.
    """
    for seconds in STEPS:
        fixture.wait_for_moment(len(STEPS))
        fixture.stage.step_clock(seconds)
        fixture.pause(2, 4)
        fixture.stage.step_clock(0)
    _expect_refusals(fixture)
    wait_for(lambda: fixture.senders.is_done, bool, "all is acknowledged", WITHIN)
    _step_all(fixture, ALL_DUE)


def _step_all(fixture: Fixture, seconds: float) -> None:
    _step_senders(fixture, seconds)
    fixture.stage.step_clock(seconds)


def _step_senders(fixture: Fixture, seconds: float) -> None:
    fixture.senders.step = seconds
    fixture.stage.sandbox.control("webhook", {"clock_step": seconds}).raise_for_status()


def _expect_refusals(fixture: Fixture) -> None:
    refused = sum(status == UNAUTHENTIC for _, status, _ in fixture.senders.answers)
    fixture.expect(refused, "no delivery was refused for its clock")


FAULTS = (
    Fault("clock-steps", "the senders' clocks ten minutes off", step_senders, keeps_answers=True),
    Fault(
        "clock-of-bridge", "the bridge's clock ten minutes off", step_bridge, Needs(own_clock=True)
    ),
)
