"""Leases: one worker at a time for a call, or for the sweep. A lease ends by itself."""

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
    """The right to work on something; a save shows the token, and fails when it has expired.

    ``found`` is what stood under the call's keys when it became ours. A save that ``ends`` the work
    has given the lease back, too.
    """

    token: str
    found: Sequence[Any] = ()
    ended: bool = False


class Leases:
    """Leases in one Redis. One on a call lasts for ``time``: longer than the longest request."""

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
        """Yield a lease on each of the calls of which no other has one, by their ids.

        The record, and with ``insights`` what was fetched, are read in the same round trip. Leases
        that no save has ended are given back at the end.
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
            self.give_back(leases)

    def give_back(self, leases: Mapping[str, Lease]) -> None:
        """Give back those of a batch's leases that no save has ended."""
        left = {call_id: lease for call_id, lease in leases.items() if not lease.ended}
        if not left:
            return
        tokens = {lease.token for lease in left.values()}
        self._release(keys=[*map(self._keys.lease, left)], args=[*tokens])
        for lease in left.values():
            lease.ended = True

    @contextmanager
    def hold_sweep(self) -> Iterator[Lease | None]:
        """Yield the lease on the sweep, or ``None`` while another has it.

        It is short: a sweep that was killed must not stop all.
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
        """Begin a routine sweep and return true, unless one has begun within ``pace``.

        Only Redis' clock counts.
        """
        return bool(self._redis.set(self._keys.sweep_pace, "1", nx=True, px=pace))
