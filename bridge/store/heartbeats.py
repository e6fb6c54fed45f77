"""Heartbeats of workers: each worker process writes one to Redis every ten seconds.

Other processes read the heartbeats to list the workers that run.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from redis import Redis

from bridge.store.keys import Keys

INTERVAL = timedelta(seconds=10)
GONE_AFTER = 3 * INTERVAL
"""A worker that has missed three heartbeats is gone."""

KEPT = timedelta(hours=1)
"""How long the entry of a worker that is gone is kept.

If all workers are gone, no entry is deleted, so that the time of the last heartbeat stays known.
"""


@dataclass(frozen=True, slots=True)
class Worker:
    """The last heartbeat of a worker process. ``running`` is its number of running tasks."""

    name: str
    version: str
    running: int
    seen_at: datetime

    def is_gone(self, now: datetime) -> bool:
        """Return whether the worker has missed three heartbeats."""
        return now - self.seen_at > GONE_AFTER


class Heartbeats:
    """Writes and reads the heartbeats of the workers in Redis."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    def write(self, process: str, worker: Worker) -> None:
        """Store a heartbeat, and delete the entries of workers that are gone for an hour.

        ``process`` identifies the process: several workers may have the same name by mistake.
        """
        fields = {**asdict(worker), "seen_at": worker.seen_at.timestamp()}
        pipe = self._redis.pipeline(transaction=False)
        pipe.hset(self._keys.workers, process, json.dumps(fields))
        pipe.hgetall(self._keys.workers)
        _, stored = pipe.execute()
        old = [
            key
            for key, value in stored.items()
            if abs(worker.seen_at - _worker(value).seen_at) > KEPT
        ]
        if old:
            self._redis.hdel(self._keys.workers, *old)

    def all(self) -> list[Worker]:
        """Return the last heartbeat of each worker, also of those that are gone, by name."""
        stored = self._redis.hgetall(self._keys.workers)
        return sorted(map(_worker, stored.values()), key=lambda worker: worker.name)

    def living(self, now: datetime) -> list[Worker]:
        """Return the workers that are not gone, by name."""
        return [worker for worker in self.all() if not worker.is_gone(now)]


def _worker(value: bytes | str) -> Worker:
    fields = json.loads(value)
    seen_at = datetime.fromtimestamp(fields["seen_at"], UTC)
    return Worker(fields["name"], fields["version"], fields["running"], seen_at)
