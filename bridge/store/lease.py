"""Leases: they ensure that one worker at a time works on a call, or runs the sweep.

A lease expires by itself, so that a killed worker does not block the call for long.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from redis import Redis

from bridge.store.keys import Keys
from bridge.store.lua import script

SWEEP_TIME = timedelta(minutes=1)


@dataclass(slots=True)
class Lease:
    """The exclusive right of a worker to work on a call or to run the sweep.

    A save checks ``token``, and fails if the lease has expired. ``found`` has the values of the
    call's Redis keys when the lease was granted. ``ended`` is true if the lease was released, for
    example by the last save of the call.
    """

    token: str
    found: Sequence[Any] = ()
    ended: bool = False


class Leases:
    """Grants and releases leases in Redis.

    A lease on a call lasts ``time``, which is longer than the longest request.
    """

    def __init__(self, redis: Redis, keys: Keys, time: timedelta) -> None:
        self._redis = redis
        self._keys = keys
        self._time = time
        self._take = redis.register_script(script("take_leases"))
        self._release = redis.register_script(script("release_leases"))

    @contextmanager
    def hold(
        self, call_ids: Sequence[str], *, insights: bool = False
    ) -> Iterator[Mapping[str, Lease]]:
        """Yield leases by call id. Calls that another worker has leased are left out.

        The records of the calls, and their insights if ``insights`` is true, are read in the same
        round trip. On exit the leases are released that no save has ended.
        """
        width = 3 if insights else 2
        keys: list[str] = []
        for call_id in call_ids:
            own = (
                self._keys.lease(call_id),
                self._keys.call(call_id),
                self._keys.insights(call_id),
            )
            keys += own[:width]
        token = secrets.token_hex(8)
        milliseconds = int(self._time.total_seconds() * 1000)
        found = self._take(keys=keys, args=[token, milliseconds, width]) if keys else []
        leases = {
            call_id: Lease(token, values)
            for call_id, values in zip(call_ids, found, strict=True)
            if values is not None
        }
        try:
            yield leases
        finally:
            self.release(leases)

    def release(self, leases: Mapping[str, Lease]) -> None:
        """Release these leases, except those that a save has already ended."""
        left = {call_id: lease for call_id, lease in leases.items() if not lease.ended}
        if not left:
            return
        tokens = {lease.token for lease in left.values()}
        self._release(keys=[*map(self._keys.lease, left)], args=[*tokens])
        for lease in left.values():
            lease.ended = True

    @contextmanager
    def hold_sweep(self) -> Iterator[Lease | None]:
        """Yield the lease on the sweep, or ``None`` if another worker runs the sweep.

        The lease is short, so that a killed sweep does not block the next sweep for long.
        """
        key, token = self._keys.sweep_lease, secrets.token_hex(8)
        milliseconds = int(SWEEP_TIME.total_seconds() * 1000)
        (values,) = self._take(keys=[key], args=[token, milliseconds, 1])
        if values is None:
            yield None
            return
        try:
            yield Lease(token)
        finally:
            self._release(keys=[key], args=[token])

    def begin_routine_sweep(self, pace: timedelta) -> bool:
        """Return whether a routine sweep may begin, and mark the beginning if so.

        A routine sweep may begin if none has begun within ``pace``, by Redis' clock.
        """
        return bool(self._redis.set(self._keys.sweep_pace, "1", nx=True, px=pace))
