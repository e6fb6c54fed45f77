"""A fault of a primary behind Sentinels: it is killed, and its replica becomes the primary."""

import time

from tests.chaos.fixture import Fault, Fixture
from tests.chaos.stack import Needs
from tests.support.waiting import wait_for

REPLICATION_WINDOW = 1.0
"""Seconds. Redis replicates after it has acknowledged; a replica confirms once a second.

See https://redis.io/docs/latest/operate/oss_and_stack/management/replication/
"""

LEADS_WITHIN = 30.0
"""Seconds for the replica to become the primary; the Sentinels need about two."""

FOLLOWS_WITHIN = 60.0
"""Seconds for the old primary to become a replica; the Sentinels wait for ten of them."""


def fail_over(fixture: Fixture) -> None:
    """SIGKILL the primary; later start it again, as a replica of the new primary."""
    sentinels = fixture.stack.sentinels
    assert sentinels is not None
    fixture.wait_for_moment(2)
    killed = time.monotonic()
    fixture.stack.valkey.kill()
    fixture.losses_excused_from.append((killed - REPLICATION_WINDOW, time.monotonic()))
    wait_for(sentinels.replica_leads, bool, "the replica leads", within=LEADS_WITHIN)
    fixture.noted.append(f"the replica led after {time.monotonic() - killed:.1f} s")
    fixture.pause(1, 4)
    fixture.stack.start_valkey()
    wait_for(sentinels.primary_follows, bool, "the old primary follows", within=FOLLOWS_WITHIN)


FAULTS = (
    Fault(
        "sentinel-failover",
        "SIGKILL of a primary behind three Sentinels",
        fail_over,
        Needs(sentinels=True),
    ),
)
