"""Leases: one worker at a time works on a call, or sweeps. A lease expires by itself."""

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
    """The exclusive right to work on a call or to sweep.

    A save checks the ``token`` and fails if the lease has expired. ``found`` has the values of the
    call's keys at the time of the lease. ``ended`` = the lease was released, for example by the
    last save.
    """

    token: str
    found: Sequence[Any] = ()
    ended: bool = False


class Leases:
    """Leases in one Redis. A lease on a call lasts ``time``, longer than the longest request."""

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
        """Yield leases by call id, for those calls that no other worker has leased.

        The record, and with ``insights`` the insights, are read in the same round trip. Leases that
        no save has ended are released at the end.
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
        """Release those of a batch's leases that no save has ended."""
        left = {call_id: lease for call_id, lease in leases.items() if not lease.ended}
        if not left:
            return
        tokens = {lease.token for lease in left.values()}
        self._release(keys=[*map(self._keys.lease, left)], args=[*tokens])
        for lease in left.values():
            lease.ended = True

    @contextmanager
    def hold_sweep(self) -> Iterator[Lease | None]:
        """Yield the lease on the sweep, or ``None`` if another worker has it.

        The lease is short, so that a killed sweep does not block the next one for long.
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
        """Return whether a routine sweep may begin: none has begun within ``pace``.

        The time is measured by Redis' clock.
        """
        return bool(self._redis.set(self._keys.sweep_pace, "1", nx=True, px=pace))
