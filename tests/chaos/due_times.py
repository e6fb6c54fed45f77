"""Moves due times in Redis forward, as if time had passed."""

from datetime import timedelta

from redis import Redis

from bridge.domain.call import Call
from bridge.domain.steps import STEPS
from bridge.store.calls import CallStore
from bridge.store.index_changes import Retention
from bridge.store.keys import Keys
from bridge.store.replies import text

RETENTION = Retention(grace=timedelta(seconds=2), resting=timedelta(days=30))


def bring_forward(redis: Redis, keys: Keys, time: timedelta) -> None:
    """Move the end of the hold, and the due times of held calls, forward by ``time``."""
    calls = CallStore(redis, keys, RETENTION)
    for moment in ("until", "next"):
        redis.hincrbyfloat(keys.hold(), moment, -time.total_seconds())
    for step in STEPS:
        for call_id in redis.zrange(keys.due(step), 0, -1):
            calls.update(text(call_id), lambda call: _nearer(call, time))


def _nearer(call: Call | None, time: timedelta) -> Call | None:
    if call is None or not call.held or call.due_at is None:
        return call
    return call.but(due_at=call.due_at - time)
