"""Faults of the network between the bridge and Valkey, through a proxy."""

import time
from random import Random

from tests.chaos.faults.store import unavailable_only
from tests.chaos.fixture import Fault, Fixture
from tests.chaos.proxy import Proxy
from tests.chaos.senders import PATIENCE
from tests.chaos.stage import WORKERS, Needs
from tests.support.bridge_client import unknown_event

SEVERAL, TWICE = 4, 2
HALF = 0.5
ONE_WAY = 0.5
"""Seconds; there and back makes one."""
WORKS_WITHIN = 60.0
WORK = ("event.heard", "event.ignored", "call.moved")
"""What a worker logs when it works."""


def reset(fixture: Fixture) -> None:
    """Reset connections: all of them, or some."""
    for _ in range(SEVERAL):
        fixture.wait_for_moment(SEVERAL)
        _link(fixture).reset(fixture.rng.choice((HALF, 1.0)), fixture.rng)


def delay(fixture: Fixture) -> None:
    """Let every round trip take a second longer."""
    fixture.wait_for_moment(TWICE)
    _link(fixture).delay = ONE_WAY
    fixture.pause(6, 10)
    _link(fixture).delay = 0.0


def freeze(fixture: Fixture) -> None:
    """Freeze all connections without closing them, and those that are opened meanwhile."""
    fixture.wait_for_moment(TWICE)
    begun = time.monotonic()
    _freeze(fixture, 1.0, None)
    fixture.pause(6, 10)
    _link(fixture).thaw()
    unavailable_only(fixture, begun)
    _promise_work(fixture)


def half_open(fixture: Fixture) -> None:
    """Freeze half of the connections for good; new ones work."""
    for _ in range(TWICE):
        fixture.wait_for_moment(TWICE)
        _freeze(fixture, HALF, fixture.rng)
        _link(fixture).thaw()
    _promise_work(fixture)


def _freeze(fixture: Fixture, share: float, rng: Random | None) -> None:
    frozen = _link(fixture).freeze(share, rng)
    fixture.noted.append(f"{frozen} connections frozen")


def _promise_work(fixture: Fixture) -> None:
    """Hold every worker to working again in a minute. There is work for them, whatever is over."""
    begun = time.monotonic()
    idle = {name: len(_log(fixture, name)) for name in WORKERS}
    while idle and time.monotonic() < begun + WORKS_WITHIN:
        fixture.stage.bridge.post(unknown_event())
        for name in [*idle]:
            if any(work in _log(fixture, name)[idle[name] :] for work in WORK):
                del idle[name]
                fixture.noted.append(f"{name} worked after {time.monotonic() - begun:.1f} s")
        fixture.pause(0.2)
    for name in idle:
        fixture.expect(met=False, told=f"{name} did not work for {WORKS_WITHIN:g} s")


def answered_in_time(fixture: Fixture) -> None:
    """Hold the ingress to answering: 503 rather than nothing, before WAVV's patience ends."""
    hung = sum(status is None and took >= PATIENCE for _, status, took in fixture.senders.answers)
    fixture.promise(not hung, f"{hung} deliveries got no answer in {PATIENCE:g} s")


def _log(fixture: Fixture, name: str) -> str:
    return fixture.stage.processes[name].output()


def _link(fixture: Fixture) -> Proxy:
    link = fixture.stage.store_link
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
        afterwards=answered_in_time,
    ),
    Fault(
        "network-half-open",
        "some connections to Valkey frozen for good",
        half_open,
        LINK,
        afterwards=answered_in_time,
    ),
)
