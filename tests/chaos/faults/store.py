"""Faults of Valkey: gone, killed, emptied of its messages, full."""

import time

from tests.chaos.scene import Fault, Scene
from tests.chaos.stage import NAMESPACE, Needs

TWICE, SEVERAL = 2, 4
EVERYSEC_WINDOW = 2.0
"""Seconds. Redis: "you may lose one second of data", and a write that waits for a slow fsync is
put off for two (``aof.c``)."""

MESSAGES = ("celery*", "quick*", "unacked*", "_kombu*")
"""Celery's keys: everything that the broker holds."""

AWAY = (1.0, 4.0)


def restart(scene: Scene) -> None:
    """Stop the server in order, and start it again."""
    for _ in range(TWICE):
        scene.wait_for_moment(TWICE)
        scene.stage.valkey.stop()
        scene.pause(*AWAY)
        scene.stage.start_valkey()


def kill(scene: Scene) -> None:
    """SIGKILL the server; with ``appendfsync always`` nothing acknowledged is lost."""
    for _ in range(TWICE):
        scene.wait_for_moment(TWICE)
        scene.stage.valkey.kill()
        scene.pause(*AWAY)
        scene.stage.start_valkey()


def kill_everysec(scene: Scene) -> None:
    """SIGKILL a server that syncs once a second: the last two seconds may be lost."""
    for _ in range(TWICE):
        scene.wait_for_moment(TWICE)
        killed = time.monotonic()
        scene.stage.valkey.kill()
        scene.losses_excused_from.append((killed - EVERYSEC_WINDOW, time.monotonic()))
        scene.pause(*AWAY)
        scene.stage.start_valkey()


def flush_broker(scene: Scene) -> None:
    """Delete all of Celery's keys while calls are pending."""
    deleted = 0
    for _ in range(SEVERAL):
        scene.wait_for_moment(SEVERAL)
        for pattern in MESSAGES:
            names = list(scene.stage.redis.scan_iter(f"{NAMESPACE}:{pattern}", count=1000))
            deleted += scene.stage.redis.delete(*names) if names else 0
    scene.expect(deleted, "there were no messages to delete")


def fill(scene: Scene) -> None:
    """Leave no memory for any write, and give it back after a while."""
    before = scene.senders.refused()
    for _ in range(TWICE):
        scene.wait_for_moment(TWICE)
        scene.stage.redis.config_set("maxmemory", 1024 * 1024)
        scene.pause(2, 4)
        scene.stage.redis.config_set("maxmemory", 0)
    scene.expect(scene.senders.refused() > before, "a full store refused nothing")


EVERYSEC = Needs(valkey=("--appendfsync", "everysec"))
FAULTS = (
    Fault("valkey-restart", "Valkey stopped and started", restart),
    Fault("valkey-kill", "SIGKILL of Valkey, appendfsync always", kill),
    Fault("valkey-kill-everysec", "the same with appendfsync everysec", kill_everysec, EVERYSEC),
    Fault("broker-flush", "Celery's keys deleted while calls are pending", flush_broker),
    Fault("redis-full", "no memory left, under noeviction", fill),
)
