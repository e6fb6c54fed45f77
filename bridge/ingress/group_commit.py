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

import structlog
from redis.asyncio import Redis

from bridge.errors import NotStored
from bridge.store.keys import Keys
from bridge.store.lua import script

log = structlog.get_logger(__name__)

AGAIN = "Nothing was stored: send this event again."
MOST_WAITING = 2048
BATCH = 256
BATCH_BYTES = 4 * 1024 * 1024
"""A batch ends with the event that exceeds it: Redis serves no other client while it is stored."""

PATIENCE_SECONDS = 5.0
"""For one batch with all its retries."""

WAKEUP_SECONDS = 1
"""Seconds a wake-up is valid: workers delete it when they read the inbox, and one that is lost must
not keep others from being sent.
"""


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
    """Writes events to the inbox. ``on_stored`` is called if no wake-up is pending."""

    def __init__(
        self, redis: Redis, keys: Keys, remember: int, on_stored: Callable[[], None]
    ) -> None:
        self._keys = keys
        self._remember = remember
        self._on_stored = on_stored
        self._script = redis.register_script(script("add_events"))
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
                await self._commit(self._batch())
        finally:
            self._writer = None

    def _batch(self) -> list[Arrival]:
        batch: list[Arrival] = []
        size = 0
        while self._waiting and len(batch) < BATCH and size < BATCH_BYTES:
            batch.append(self._waiting.popleft())
            size += len(batch[-1].raw)
        return batch

    async def _commit(self, batch: Sequence[Arrival]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                wants_wakeup, *news = await self._send(batch)
        except Exception as error:  # noqa: BLE001 - whatever it was, those who wait must be told
            batch = [*batch, *self._waiting]
            self._waiting.clear()
            for arrival in batch:
                _refuse(arrival, error)
            return
        for arrival, is_new in zip(batch, news, strict=True):
            _settle(arrival, is_new=bool(is_new))
        log.debug("events.stored", events=len(batch), new=sum(news))
        if wants_wakeup:
            self._on_stored()

    async def _send(self, batch: Sequence[Arrival]) -> list[int]:
        keys = [self._keys.inbox, self._keys.counters, self._keys.wakeup_pending]
        args: list[str | bytes | float] = [self._remember, WAKEUP_SECONDS]
        for one in batch:
            keys.append(self._keys.seen(one.source, one.key))
            args += (one.source, one.raw, one.at, one.request_id)
        answers: list[int] = await self._script(keys, args)
        return answers


def _settle(arrival: Arrival, *, is_new: bool) -> None:
    if not is_new:
        log.info("event.duplicate", source=arrival.source, request_id=arrival.request_id)
    if not arrival.stored.done():  # else its request was cancelled; what is stored stays stored
        arrival.stored.set_result(is_new)


def _refuse(arrival: Arrival, error: Exception) -> None:
    told = {"error": type(error).__name__, "detail": str(error)}
    log.error("event.not_stored", request_id=arrival.request_id, **told)
    if not arrival.stored.done():
        unavailable = NotStored("store_unavailable", f"The store did not take it. {AGAIN}")
        arrival.stored.set_exception(unavailable)
