"""Leases: one worker at a time for a call, or for the sweep. A lease ends by itself."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
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

    ``found`` is what stood under the keys that were to be read as soon as it was ours. A save that
    ``ends`` the work has given the lease back, too.
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
        self._release = redis.register_script(script("release_lease"))

    def hold(self, call_id: str) -> AbstractContextManager[Lease | None]:
        """Yield a lease on the call, or ``None`` while somebody else has it.

        What is found under its keys is read after that, in the same round trip.
        """
        read = (self._keys.call(call_id), self._keys.insights(call_id))
        return self._hold(self._keys.lease(call_id), self._time, read)

    def hold_sweep(self) -> AbstractContextManager[Lease | None]:
        """Yield the lease on the sweep. It is short: a sweep that was killed must not stop all."""
        return self._hold(self._keys.sweep_lease, SWEEP_TIME)

    def begin_routine_sweep(self, pace: timedelta) -> bool:
        """Begin a routine sweep and return true, unless one has begun within ``pace``.

        Only Redis' clock counts.
        """
        return bool(self._redis.set(self._keys.sweep_pace, "1", nx=True, px=pace))

    @contextmanager
    def _hold(self, key: str, time: timedelta, read: Sequence[str] = ()) -> Iterator[Lease | None]:
        token = secrets.token_hex(8)
        pipe = self._redis.pipeline(transaction=False)
        pipe.set(key, token, nx=True, px=time)
        for one in (key, *read):
            pipe.get(one)
        # A value may be of a wrong type: the caller treats the error as damage of the record.
        taken, holder, *found = pipe.execute(raise_on_error=False)
        for reply in (taken, holder):
            if isinstance(reply, Exception):
                raise reply
        if holder != token.encode():  # not by SET's answer: sent again, it would meet itself
            yield None
            return
        lease = Lease(token, found)
        try:
            yield lease
        finally:
            if not lease.ended:
                self._release(keys=[key], args=[token])
