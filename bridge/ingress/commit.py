"""Group commit: all requests that wait share one round trip to Redis.

The first event goes at once; those that arrive while it is on its way form the next batch. There is
no timer, so thin traffic waits for nothing. Each request is answered on the confirmation of its own
write, and a bound on those waiting keeps a slow Redis from filling the memory. A Redis that fails
one batch fails all who wait behind it: each would only wait for a failure of its own, while its
sender's patience ends (WAVV's after 10 s).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from hashlib import sha1

import structlog
from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from bridge.errors import NotStored
from bridge.store.keys import Keys
from bridge.store.lua import script

log = structlog.get_logger(__name__)

AGAIN = "Nothing was stored: send this event again."
MOST_WAITING = 2048
BATCH = 256
PATIENCE_SECONDS = 5.0
"""For one batch with all its retries."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event on its way into the inbox. ``key`` is constant over re-sends of the event."""

    source: str
    key: str
    raw: bytes
    at: float
    request_id: str
    stored: asyncio.Future[bool] = field(compare=False)


class GroupCommit:
    """Writes events to the inbox. ``on_stored`` is called once for each batch stored."""

    def __init__(
        self, redis: Redis, keys: Keys, remember: int, on_stored: Callable[[], None]
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._remember = remember
        self._on_stored = on_stored
        self._script = script("add_event")
        self._sha = sha1(self._script.encode(), usedforsecurity=False).hexdigest()
        self._waiting: deque[Arrival] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def add(self, source: str, key: str, raw: bytes, at: float, request_id: str) -> bool:
        """Store an event; return whether it is new. Raises ``NotStored`` when it may be lost."""
        if len(self._waiting) >= MOST_WAITING:
            raise NotStored("ingress_full", f"Too many events wait to be stored. {AGAIN}")
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append(Arrival(source, key, raw, at, request_id, stored))
        if self._writer is None:
            # In a context of its own: it writes for others than the request that started it.
            self._writer = asyncio.create_task(self._write(), context=Context())
        return bool(await stored)

    async def close(self) -> None:
        """Wait until everything that was accepted is written."""
        if self._writer is not None:
            await self._writer

    async def _write(self) -> None:
        try:
            while self._waiting:
                most = min(BATCH, len(self._waiting))
                await self._commit([self._waiting.popleft() for _ in range(most)])
        finally:
            self._writer = None

    async def _commit(self, batch: Sequence[Arrival]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                answers = await self._send(batch)
        except Exception as error:  # noqa: BLE001 - whatever it was, those who wait must be told
            batch = [*batch, *self._waiting]
            self._waiting.clear()
            answers = [error] * len(batch)
        for arrival, answer in zip(batch, answers, strict=True):
            _settle(arrival, answer)
        if not all(isinstance(answer, Exception) for answer in answers):
            self._on_stored()

    async def _send(self, batch: Sequence[Arrival]) -> list[object]:
        answers = await self._pipeline(batch)
        if any(isinstance(answer, NoScriptError) for answer in answers):
            # A restarted Redis has forgotten the script: those that did not run are run again.
            await self._redis.script_load(self._script)
            again = [a for a, answer in zip(batch, answers, strict=True)
                     if isinstance(answer, NoScriptError)]  # fmt: skip
            rerun = iter(await self._pipeline(again))
            answers = [next(rerun) if isinstance(a, NoScriptError) else a for a in answers]
        return answers

    async def _pipeline(self, batch: Sequence[Arrival]) -> list[object]:
        pipe = self._redis.pipeline(transaction=False)
        for one in batch:
            keys = (self._keys.inbox, self._keys.seen(one.source, one.key), self._keys.counters)
            args = (self._remember, one.source, one.raw, one.at, one.request_id)
            pipe.evalsha(self._sha, len(keys), *keys, *args)
        return list(await pipe.execute(raise_on_error=False))


def _settle(arrival: Arrival, answer: object) -> None:
    if arrival.stored.done():  # its request was cancelled; what is stored stays stored
        return
    if isinstance(answer, Exception):
        told = {"error": type(answer).__name__, "detail": str(answer)}
        log.error("event.not_stored", request_id=arrival.request_id, **told)
        unavailable = NotStored("store_unavailable", f"The store did not take it. {AGAIN}")
        arrival.stored.set_exception(unavailable)
    else:
        arrival.stored.set_result(bool(answer))
