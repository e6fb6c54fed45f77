"""Faults of clocks: the senders' or the bridge's clock is off by ten minutes."""

from tests.chaos.fixture import Fault, Fixture
from tests.chaos.stack import Needs
from tests.support.waiting import wait_for

STEPS = (600.0, -600.0)
UNAUTHENTIC = 401

ALL_DUE = 700.0
"""Seconds by which the clock is set ahead at the end, so that all scheduled steps are due."""
WITHIN = 120.0


def step_senders(fixture: Fixture) -> None:
    """Step the senders' clocks and set them right; rejected deliveries are sent again."""
    for seconds in fixture.rng.sample(STEPS, len(STEPS)):
        fixture.wait_for_moment(len(STEPS))
        _step_senders(fixture, seconds)
        fixture.pause(2, 4)
        _step_senders(fixture, 0)
    _expect_refusals(fixture)


def step_bridge(fixture: Fixture) -> None:
    """Step the bridge's clock and set it right, in both directions; then set it ahead for good.

    A step that was scheduled while the clock was ahead runs late and is not lost. Deadlines exclude
    the time in which a call was overdue, so a clock step ends no wait.
    """
    for seconds in STEPS:
        fixture.wait_for_moment(len(STEPS))
        fixture.stack.step_clock(seconds)
        fixture.pause(2, 4)
        fixture.stack.step_clock(0)
    _expect_refusals(fixture)
    wait_for(lambda: fixture.senders.is_done, bool, "all is acknowledged", WITHIN)
    _step_senders(fixture, ALL_DUE)
    fixture.stack.step_clock(ALL_DUE)


def _step_senders(fixture: Fixture, seconds: float) -> None:
    fixture.senders.step = seconds
    fixture.stack.sandbox.control("webhook", {"clock_step": seconds}).raise_for_status()


def _expect_refusals(fixture: Fixture) -> None:
    refused = sum(status == UNAUTHENTIC for _, status, _ in fixture.senders.tries)
    fixture.expect(refused, "no delivery was refused for its clock")


FAULTS = (
    Fault("clock-steps", "the senders' clocks ten minutes off", step_senders, keeps_responses=True),
    Fault(
        "clock-of-bridge", "the bridge's clock ten minutes off", step_bridge, Needs(own_clock=True)
    ),
)
