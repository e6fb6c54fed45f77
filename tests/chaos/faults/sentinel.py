"""A fault of a primary behind Sentinels: it is lost, and its replica takes over."""

import time

from tests.chaos.fixture import Fault, Fixture
from tests.chaos.stage import Needs
from tests.support.waiting import wait_for

REPLICATION_WINDOW = 1.0
"""Seconds. Redis replicates what it has acknowledged; a replica confirms once a second."""

TAKES_OVER = 30.0
"""Seconds; the Sentinels themselves need about two."""

COMES_BACK = 60.0
"""Seconds; the Sentinels leave a primary alone for ten before they make it a replica."""


def fail_over(fixture: Fixture) -> None:
    """SIGKILL the primary. Later it comes back, and must not bring its own truth along."""
    sentinels = fixture.stage.sentinels
    assert sentinels is not None
    fixture.wait_for_moment(2)
    killed = time.monotonic()
    fixture.stage.valkey.kill()
    fixture.losses_excused_from.append((killed - REPLICATION_WINDOW, time.monotonic()))
    wait_for(sentinels.replica_leads, bool, "the replica leads", within=TAKES_OVER)
    fixture.noted.append(f"the replica led after {time.monotonic() - killed:.1f} s")
    fixture.pause(1, 4)
    fixture.stage.start_valkey()
    wait_for(sentinels.primary_follows, bool, "the old primary follows", within=COMES_BACK)


FAULTS = (
    Fault(
        "sentinel-failover",
        "SIGKILL of a primary behind three Sentinels",
        fail_over,
        Needs(sentinels=True),
    ),
)
