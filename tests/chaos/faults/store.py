"""Faults of Valkey: gone, killed, emptied of its messages, full."""

import time

from tests.chaos.fixture import Fault, Fixture
from tests.chaos.stage import NAMESPACE, Needs

TWICE, SEVERAL = 2, 4
EVERYSEC_WINDOW = 2.0
"""Seconds. Redis: "you may lose one second of data", and a write that waits for a slow fsync is
put off for two (``aof.c``)."""

MESSAGES = ("celery*", "quick*", "unacked*", "_kombu*")
"""Celery's keys: everything that the broker holds."""

ACCEPTED, UNAVAILABLE = 202, 503

AWAY = (1.0, 4.0)


def restart(fixture: Fixture) -> None:
    """Stop the server in order, and start it again."""
    for _ in range(TWICE):
        fixture.wait_for_moment(TWICE)
        fixture.stage.valkey.stop()
        fixture.pause(*AWAY)
        fixture.stage.start_valkey()


def kill(fixture: Fixture) -> None:
    """SIGKILL the server; with ``appendfsync always`` nothing acknowledged is lost."""
    for _ in range(TWICE):
        fixture.wait_for_moment(TWICE)
        fixture.stage.valkey.kill()
        fixture.pause(*AWAY)
        fixture.stage.start_valkey()


def kill_everysec(fixture: Fixture) -> None:
    """SIGKILL a server that syncs once a second: the last two seconds may be lost."""
    for _ in range(TWICE):
        fixture.wait_for_moment(TWICE)
        killed = time.monotonic()
        fixture.stage.valkey.kill()
        fixture.losses_excused_from.append((killed - EVERYSEC_WINDOW, time.monotonic()))
        fixture.pause(*AWAY)
        fixture.stage.start_valkey()


def flush_broker(fixture: Fixture) -> None:
    """Delete all of Celery's keys while calls are pending."""
    deleted = 0
    for _ in range(SEVERAL):
        fixture.wait_for_moment(SEVERAL)
        for pattern in MESSAGES:
            names = list(fixture.stage.redis.scan_iter(f"{NAMESPACE}:{pattern}", count=1000))
            deleted += fixture.stage.redis.delete(*names) if names else 0
    fixture.expect(deleted, "there were no messages to delete")


def fill(fixture: Fixture) -> None:
    """Leave no memory for any write, and give it back after a while."""
    begun = time.monotonic()
    for _ in range(TWICE):
        fixture.wait_for_moment(TWICE)
        fixture.stage.redis.config_set("maxmemory", 1024 * 1024)
        fixture.pause(2, 4)
        fixture.stage.redis.config_set("maxmemory", 0)
    unavailable_only(fixture, begun)


def unavailable_only(fixture: Fixture, begun: float) -> None:
    """Hold the ingress to having said 503, and nothing but that, to whom it could not serve."""
    answers = fixture.senders.answered_since(begun) - {ACCEPTED}
    fixture.expect(answers == {UNAVAILABLE}, f"senders were answered {answers}, not with 503")


EVERYSEC = Needs(valkey=("--appendfsync", "everysec"))
FAULTS = (
    Fault("valkey-restart", "Valkey stopped and started", restart),
    Fault("valkey-kill", "SIGKILL of Valkey, appendfsync always", kill),
    Fault("valkey-kill-everysec", "the same with appendfsync everysec", kill_everysec, EVERYSEC),
    Fault(
        "broker-flush",
        "Celery's keys deleted while calls are pending",
        flush_broker,
        keeps_answers=True,
    ),
    Fault("redis-full", "no memory left, under noeviction", fill),
)
