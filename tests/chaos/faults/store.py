"""Faults of Valkey: stopped, killed, without Celery's messages, out of memory."""

import time

from tests.chaos.fixture import Fault, Fixture
from tests.chaos.stack import NAMESPACE, Needs

TWICE, SEVERAL = 2, 4
EVERYSEC_WINDOW = 2.0
"""Seconds: one as documented, and a write that waits for a slow fsync is delayed by two.

See https://valkey.io/topics/persistence and, for the delayed write, ``aof.c``.
"""

MESSAGES = ("celery*", "quick*", "unacked*", "_kombu*")
"""Patterns of Celery's keys, which hold everything that the broker stores."""

ACCEPTED, UNAVAILABLE = 202, 503

AWAY = (1.0, 4.0)


def restart(fixture: Fixture) -> None:
    """Stop the server with SIGTERM and start it again."""
    for _ in range(TWICE):
        fixture.wait_for_moment(TWICE)
        fixture.stack.valkey.stop()
        fixture.pause(*AWAY)
        fixture.stack.start_valkey()


def kill(fixture: Fixture) -> None:
    """SIGKILL the server; with ``appendfsync always`` no acknowledged event is lost."""
    for _ in range(TWICE):
        fixture.wait_for_moment(TWICE)
        fixture.stack.valkey.kill()
        fixture.pause(*AWAY)
        fixture.stack.start_valkey()


def kill_everysec(fixture: Fixture) -> None:
    """SIGKILL a server that syncs once a second; the last two seconds may be lost."""
    for _ in range(TWICE):
        fixture.wait_for_moment(TWICE)
        killed = time.monotonic()
        fixture.stack.valkey.kill()
        fixture.losses_excused_from.append((killed - EVERYSEC_WINDOW, time.monotonic()))
        fixture.pause(*AWAY)
        fixture.stack.start_valkey()


def flush_broker(fixture: Fixture) -> None:
    """Delete all of Celery's keys while calls are pending."""
    deleted = 0
    for _ in range(SEVERAL):
        fixture.wait_for_moment(SEVERAL)
        for pattern in MESSAGES:
            names = list(fixture.stack.redis.scan_iter(f"{NAMESPACE}:{pattern}", count=1000))
            deleted += fixture.stack.redis.delete(*names) if names else 0
    fixture.expect(deleted, "there were no messages to delete")


def fill(fixture: Fixture) -> None:
    """Limit the memory so that every write fails, then remove the limit."""
    begun = time.monotonic()
    for _ in range(TWICE):
        fixture.wait_for_moment(TWICE)
        fixture.stack.redis.config_set("maxmemory", 1024 * 1024)
        fixture.pause(2, 4)
        fixture.stack.redis.config_set("maxmemory", 0)
    unavailable_only(fixture, begun)


def unavailable_only(fixture: Fixture, begun: float) -> None:
    """Check that each delivery that was not accepted got 503."""
    statuses = fixture.senders.statuses_since(begun) - {ACCEPTED}
    fixture.expect(statuses == {UNAVAILABLE}, f"senders got {statuses}, not 503")


EVERYSEC = Needs(valkey=("--appendfsync", "everysec"))
FAULTS = (
    Fault("valkey-restart", "Valkey stopped and started", restart),
    Fault("valkey-kill", "SIGKILL of Valkey, appendfsync always", kill),
    Fault("valkey-kill-everysec", "the same with appendfsync everysec", kill_everysec, EVERYSEC),
    Fault(
        "broker-flush",
        "Celery's keys deleted while calls are pending",
        flush_broker,
        keeps_responses=True,
    ),
    Fault("redis-full", "no memory left, under noeviction", fill),
)
