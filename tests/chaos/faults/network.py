"""Faults of the network between the bridge and Valkey, through a proxy."""

import time
from random import Random

from tests.chaos.faults.store import unavailable_only
from tests.chaos.fixture import Fault, Fixture
from tests.chaos.proxy import Proxy
from tests.chaos.senders import TIMEOUT
from tests.chaos.stack import WORKERS, Needs
from tests.support.bridge_client import unknown_event

SEVERAL, TWICE = 4, 2
HALF = 0.5
ONE_WAY = 0.5
"""Seconds in each direction; a round trip needs one second more."""
WORKS_WITHIN = 60.0
WORK = ("event.handled", "event.ignored", "call.state_changed")
"""Log events of a worker that handles tasks."""


def reset(fixture: Fixture) -> None:
    """Reset all connections or some of them."""
    for _ in range(SEVERAL):
        fixture.wait_for_moment(SEVERAL)
        _link(fixture).reset(fixture.rng.choice((HALF, 1.0)), fixture.rng)


def delay(fixture: Fixture) -> None:
    """Delay every round trip by one second."""
    fixture.wait_for_moment(TWICE)
    _link(fixture).delay = ONE_WAY
    fixture.pause(6, 10)
    _link(fixture).delay = 0.0


def freeze(fixture: Fixture) -> None:
    """Freeze all connections without closing them, and those opened during the fault."""
    fixture.wait_for_moment(TWICE)
    begun = time.monotonic()
    _freeze(fixture, 1.0, None)
    fixture.pause(6, 10)
    _link(fixture).thaw()
    unavailable_only(fixture, begun)
    _require_work(fixture)


def half_open(fixture: Fixture) -> None:
    """Freeze half of the connections for good; new ones work."""
    for _ in range(TWICE):
        fixture.wait_for_moment(TWICE)
        _freeze(fixture, HALF, fixture.rng)
        _link(fixture).thaw()
    _require_work(fixture)


def _freeze(fixture: Fixture, share: float, rng: Random | None) -> None:
    frozen = _link(fixture).freeze(share, rng)
    fixture.noted.append(f"{frozen} connections frozen")


def _require_work(fixture: Fixture) -> None:
    """Check that every worker handles an event within a minute; events are posted for it."""
    begun = time.monotonic()
    idle = {name: len(_log(fixture, name)) for name in WORKERS}
    while idle and time.monotonic() < begun + WORKS_WITHIN:
        fixture.stack.bridge.post(unknown_event())
        for name in [*idle]:
            if any(work in _log(fixture, name)[idle[name] :] for work in WORK):
                del idle[name]
                fixture.noted.append(f"{name} worked after {time.monotonic() - begun:.1f} s")
        fixture.pause(0.2)
    for name in idle:
        fixture.expect(met=False, text=f"{name} did not work for {WORKS_WITHIN:g} s")


def responds_in_time(fixture: Fixture) -> None:
    """Check that each delivery got a response, such as 503, before the sender's timeout."""
    hung = sum(
        status is None and seconds >= TIMEOUT for _, status, seconds in fixture.senders.tries
    )
    fixture.require(not hung, f"{hung} deliveries got no response in {TIMEOUT:g} s")


def _log(fixture: Fixture, name: str) -> str:
    return fixture.stack.processes[name].output()


def _link(fixture: Fixture) -> Proxy:
    link = fixture.stack.store_link
    assert link is not None
    return link


LINK = Needs(store_link=True)
FAULTS = (
    Fault("network-reset", "connections to Valkey reset", reset, LINK),
    Fault("network-delay", "a second more for each round trip to Valkey", delay, LINK),
    Fault(
        "network-frozen",
        "all connections to Valkey frozen without being closed",
        freeze,
        LINK,
        afterwards=responds_in_time,
    ),
    Fault(
        "network-half-open",
        "some connections to Valkey frozen for good",
        half_open,
        LINK,
        afterwards=responds_in_time,
    ),
)
