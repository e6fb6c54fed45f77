"""Faults of the network between the bridge and Valkey, through a proxy."""

import time
from random import Random

from tests.chaos.faults.store import unavailable_only
from tests.chaos.proxy import Proxy
from tests.chaos.scene import Fault, Scene
from tests.chaos.senders import PATIENCE
from tests.chaos.stage import WORKERS, Needs
from tests.scenarios.client import unknown_event

SEVERAL, TWICE = 4, 2
HALF = 0.5
ONE_WAY = 0.5
"""Seconds; there and back makes one."""
WORKS_WITHIN = 60.0
WORK = ("event.heard", "event.ignored", "call.moved")
"""What a worker logs when it works."""


def reset(scene: Scene) -> None:
    """Reset connections: all of them, or some."""
    for _ in range(SEVERAL):
        scene.wait_for_moment(SEVERAL)
        _link(scene).reset(scene.rng.choice((HALF, 1.0)), scene.rng)


def delay(scene: Scene) -> None:
    """Let every round trip take a second longer."""
    scene.wait_for_moment(TWICE)
    _link(scene).delay = ONE_WAY
    scene.pause(6, 10)
    _link(scene).delay = 0.0


def freeze(scene: Scene) -> None:
    """Freeze all connections without closing them, and those that are opened meanwhile."""
    scene.wait_for_moment(TWICE)
    begun = time.monotonic()
    _freeze(scene, 1.0, None)
    scene.pause(6, 10)
    _link(scene).thaw()
    unavailable_only(scene, begun)
    _promise_work(scene)


def half_open(scene: Scene) -> None:
    """Freeze half of the connections for good; new ones work."""
    for _ in range(TWICE):
        scene.wait_for_moment(TWICE)
        _freeze(scene, HALF, scene.rng)
        _link(scene).thaw()
    _promise_work(scene)


def _freeze(scene: Scene, share: float, rng: Random | None) -> None:
    frozen = _link(scene).freeze(share, rng)
    scene.noted.append(f"{frozen} connections frozen")


def _promise_work(scene: Scene) -> None:
    """Hold every worker to working again in a minute. There is work for them, whatever is over."""
    begun = time.monotonic()
    idle = {name: len(_log(scene, name)) for name in WORKERS}
    while idle and time.monotonic() < begun + WORKS_WITHIN:
        scene.stage.bridge.post(unknown_event())
        for name in [*idle]:
            if any(work in _log(scene, name)[idle[name] :] for work in WORK):
                del idle[name]
                scene.noted.append(f"{name} worked after {time.monotonic() - begun:.1f} s")
        scene.pause(0.2)
    for name in idle:
        scene.expect(met=False, told=f"{name} did not work for {WORKS_WITHIN:g} s")


def answered_in_time(scene: Scene) -> None:
    """Hold the ingress to answering: 503 rather than nothing, before WAVV's patience ends."""
    hung = sum(status is None and took >= PATIENCE for _, status, took in scene.senders.answers)
    scene.promise(not hung, f"{hung} deliveries got no answer in {PATIENCE:g} s")


def _log(scene: Scene, name: str) -> str:
    return scene.stage.processes[name].output()


def _link(scene: Scene) -> Proxy:
    link = scene.stage.store_link
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
