"""A fault of a primary behind Sentinels: it is lost, and its replica takes over."""

import time

from tests.chaos.scene import Fault, Scene
from tests.chaos.stage import Needs
from tests.scenarios.waiting import wait_for

REPLICATION_WINDOW = 1.0
"""Seconds. Redis replicates what it has acknowledged; a replica confirms once a second."""

TAKES_OVER = 30.0
"""Seconds; the Sentinels themselves need about two."""

COMES_BACK = 60.0
"""Seconds; the Sentinels leave a primary alone for ten before they make it a replica."""


def fail_over(scene: Scene) -> None:
    """SIGKILL the primary. Later it comes back, and must not bring its own truth along."""
    sentinels = scene.stage.sentinels
    assert sentinels is not None
    scene.wait_for_moment(2)
    killed = time.monotonic()
    scene.stage.valkey.kill()
    scene.losses_excused_from.append((killed - REPLICATION_WINDOW, time.monotonic()))
    wait_for(sentinels.replica_leads, bool, "the replica leads", within=TAKES_OVER)
    scene.noted.append(f"the replica led after {time.monotonic() - killed:.1f} s")
    scene.pause(1, 4)
    scene.stage.start_valkey()
    wait_for(sentinels.primary_follows, bool, "the old primary follows", within=COMES_BACK)


FAULTS = (
    Fault(
        "sentinel-failover",
        "SIGKILL of a primary behind three Sentinels",
        fail_over,
        Needs(sentinels=True),
    ),
)
