"""Leases: one worker at a time for a call, or for the sweep. A lease ends by itself."""

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta

from redis import Redis

from bridge.store.keys import Keys
from bridge.store.lua import script

SWEEP_TIME = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on something; a save shows the token, and fails when it has expired."""

    token: str


class Leases:
    """Leases in one Redis. One on a call lasts for ``time``: longer than the longest request."""

    def __init__(self, redis: Redis, keys: Keys, time: timedelta) -> None:
        self._redis = redis
        self._keys = keys
        self._time = time
        self._release = redis.register_script(script("release_lease"))

    def hold(self, call_id: str) -> AbstractContextManager[Lease | None]:
        """Yield a lease on the call, or ``None`` while somebody else has it."""
        return self._hold(self._keys.lease(call_id), self._time)

    def hold_sweep(self) -> AbstractContextManager[Lease | None]:
        """Yield the lease on the sweep. It is short: a sweep that was killed must not stop all."""
        return self._hold(self._keys.sweep_lease, SWEEP_TIME)

    @contextmanager
    def _hold(self, key: str, time: timedelta) -> Iterator[Lease | None]:
        lease = Lease(secrets.token_hex(8))
        if not self._redis.set(key, lease.token, nx=True, px=time):
            yield None
            return
        try:
            yield lease
        finally:
            self._release(keys=[key], args=[lease.token])
