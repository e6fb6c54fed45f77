"""Publishes wake-ups: Celery messages that make a worker read the inbox.

A thread publishes the wake-up, so no response waits for the broker. If batches are stored while a
wake-up is being published, one more wake-up is published for all of them.
"""

import asyncio
from contextvars import Context

from bridge.broker.publisher import DRAIN, Publisher


class WorkerWakeup:
    """Publishes wake-ups (the task ``tasks.intake.drain``), one at a time."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._wanted = False
        self._running: asyncio.Task[None] | None = None

    def __call__(self) -> None:
        """Request a wake-up of the workers. Returns before the wake-up is published."""
        self._wanted = True
        if self._running is None:
            self._running = asyncio.create_task(self._run(), context=Context())

    async def close(self) -> None:
        """Wait until the last wake-up is published."""
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        try:
            while self._wanted:
                self._wanted = False
                await asyncio.to_thread(self._publisher.publish, DRAIN)
        finally:
            self._running = None
