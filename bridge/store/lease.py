"""Leases: one worker at a time for a call, or for the sweep. A lease ends by itself."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from redis import Redis

from bridge.store.keys import Keys
from bridge.store.lua import script


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on ``name``; a save shows the token, and fails when it has expired."""

    name: str
    token: str


class Leases:
    """Leases in one Redis, each for ``time``: longer than the longest request."""

    def __init__(self, redis: Redis, keys: Keys, time: timedelta) -> None:
        self._redis = redis
        self._keys = keys
        self._time = time
        self._release = redis.register_script(script("release_lease"))

    @contextmanager
    def hold(self, name: str) -> Iterator[Lease | None]:
        """Yield a lease on ``name``, or ``None`` while somebody else has it."""
        lease = Lease(name, secrets.token_hex(8))
        key = self._keys.lease(name)
        if not self._redis.set(key, lease.token, nx=True, px=self._time):
            yield None
            return
        try:
            yield lease
        finally:
            self._release(keys=[key], args=[lease.token])
