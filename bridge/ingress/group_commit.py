"""Group commit: events that arrive during one write to Redis are all written by the next write.

The first event is written at once. Events that arrive during this write form the next batch. No
timer delays a batch, so a single event is written without delay. A request gets its response after
Redis has confirmed the write of its event. The number of waiting events is bounded, so that a slow
Redis cannot fill the memory. If a batch fails, all waiting events are rejected, too: one more
attempt would outlast the sender's timeout (10 seconds at WAVV, as integrators report).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, field

import structlog
from redis.asyncio import Redis

from bridge.errors import NotStoredError
from bridge.reasons import Reason
from bridge.store.keys import Keys
from bridge.store.lua import script

log = structlog.get_logger(__name__)

SEND_AGAIN = "Nothing was stored: send this event again."
NOT_STORED = "The sender got 503, and should send the event again."
MOST_WAITING = 2048
BATCH = 256
BATCH_BYTES = 4 * 1024 * 1024
"""The size of a batch. The event that exceeds it is the last of the batch.

Redis serves no other client while it writes a batch
(https://redis.io/docs/latest/commands/eval/).
"""

COMMIT_SECONDS = 5.0
"""The timeout of one batch with all its retries."""

WAKEUP_SECONDS = 1
"""For how many seconds no second wake-up of the workers is published.

The suppression ends earlier if a worker reads the inbox. It is short because a wake-up can get
lost, and then the next event must cause another one.
"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that waits to be stored. ``key`` is the same for each re-delivery of the event.

    ``at`` is when the event was received, in seconds since 1970. The result of ``stored`` is true
    for a new event, and false for a re-delivery.
    """

    source: str
    key: str
    raw: bytes
    at: float
    request_id: str
    stored: asyncio.Future[bool] = field(compare=False)


class GroupCommit:
    """Writes events to the inbox (a Redis stream, which the workers read) in batches.

    ``remember`` is for how many seconds a re-delivery is recognised. ``on_stored`` wakes the
    workers after a batch. It is not called if a wake-up is already pending.
    """

    def __init__(
        self, redis: Redis, keys: Keys, remember: int, on_stored: Callable[[], None]
    ) -> None:
        self._keys = keys
        self._remember = remember
        self._on_stored = on_stored
        self._script = redis.register_script(script("add_deduplicated_events"))
        self._waiting: deque[Arrival] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def add(self, source: str, key: str, raw: bytes, at: float, request_id: str) -> bool:
        """Store an event. Return false if it is a re-delivery of a stored event.

        Raises ``NotStoredError`` if Redis did not confirm the write.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise NotStoredError(
                Reason.INGRESS_FULL, f"Too many events wait to be stored. {SEND_AGAIN}"
            )
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append(Arrival(source, key, raw, at, request_id, stored))
        if self._writer is None:
            # An empty context, so that the writer's log lines do not carry this request's id.
            self._writer = asyncio.create_task(self._write(), context=Context())
        return bool(await stored)

    async def close(self) -> None:
        """Wait until every accepted event is written."""
        if self._writer is not None:
            await self._writer

    async def _write(self) -> None:
        """Write batches to Redis until no event waits."""
        try:
            while self._waiting:
                batch: list[Arrival] = []
                size = 0
                while self._waiting and len(batch) < BATCH and size < BATCH_BYTES:
                    batch.append(self._waiting.popleft())
                    size += len(batch[-1].raw)
                await self._commit(batch)
        finally:
            self._writer = None

    async def _commit(self, batch: Sequence[Arrival]) -> None:
        """Write one batch to Redis. If the write fails, reject its events and all waiting events.

        The Redis script returns a list: 1 if a wake-up of the workers is due, else 0; then for each
        event 1 if it is new, else 0.
        """
        names = self._keys
        keys = [names.inbox, names.counters, names.wakeup_pending, names.signs]
        args: list[str | bytes | float] = [self._remember, WAKEUP_SECONDS]
        for arrival in batch:
            keys.append(names.seen(arrival.source, arrival.key))
            args += (arrival.source, arrival.raw, arrival.at, arrival.request_id)
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                wants_wakeup, *news = await self._script(keys, args)
        except Exception as error:  # noqa: BLE001 - each request that waits needs its response
            rejected = [*batch, *self._waiting]
            self._waiting.clear()
            known = {"error": type(error).__name__, "cause": str(error), "detail": NOT_STORED}
            for arrival in rejected:
                ids = {"source": arrival.source, "request_id": arrival.request_id}
                log.error("event.not_stored", **ids, **known)  # noqa: TRY400 - a line for each event, no traceback
                if not arrival.stored.done():
                    detail = f"Redis did not store the event. {SEND_AGAIN}"
                    arrival.stored.set_exception(NotStoredError(Reason.STORE_UNAVAILABLE, detail))
            return
        for arrival, is_new in zip(batch, news, strict=True):
            if not is_new:
                log.info("event.duplicate", source=arrival.source, request_id=arrival.request_id)
            if not arrival.stored.done():  # a cancelled request needs no response; its event stays
                arrival.stored.set_result(bool(is_new))
        log.debug("events.stored", events=len(batch), new=sum(news))
        if wants_wakeup:
            self._on_stored()
