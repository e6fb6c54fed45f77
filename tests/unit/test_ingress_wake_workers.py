"""Tests for the wakeup of workers: few messages for many events, and none missing."""

import asyncio
import threading
from dataclasses import dataclass, field

from bridge.broker.publisher import DRAIN
from bridge.ingress.wake_workers import WorkerWakeup


@dataclass
class SlowPublisher:
    """A publisher that waits for its gate, called in a thread."""

    gate: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    published: list[str] = field(default_factory=list)

    def publish(self, task: str, *_args: str, countdown: float = 0) -> None:
        """Wait for the gate, then record the task."""
        assert countdown == 0
        self.begun.set()
        assert self.gate.wait(10)
        self.published.append(task)


def test_wakeups_during_one_publication_become_one_more() -> None:
    """Any number of wakeups during one publication causes one more."""
    publisher = SlowPublisher()

    async def scenario() -> None:
        wakeup = WorkerWakeup(publisher)
        wakeup()
        assert await asyncio.to_thread(publisher.begun.wait, 10)
        for _ in range(100):
            wakeup()
        publisher.gate.set()
        await wakeup.close()

    asyncio.run(scenario())
    assert publisher.published == [DRAIN, DRAIN]


def test_a_wakeup_does_not_wait_for_the_broker() -> None:
    """A wakeup returns at once although the broker hangs; only ``close`` waits."""
    publisher = SlowPublisher()

    async def scenario() -> None:
        wakeup = WorkerWakeup(publisher)
        wakeup()
        assert await asyncio.to_thread(publisher.begun.wait, 10)
        assert publisher.published == []
        closing = asyncio.create_task(wakeup.close())
        await asyncio.sleep(0)
        assert not closing.done()
        publisher.gate.set()
        await closing

    asyncio.run(scenario())
    assert publisher.published == [DRAIN]


def test_a_wakeup_after_a_pause_is_published_again() -> None:
    """A wakeup after the last publication has ended is published."""
    publisher = SlowPublisher()
    publisher.gate.set()

    async def scenario() -> None:
        wakeup = WorkerWakeup(publisher)
        for _ in range(3):
            wakeup()
            await wakeup.close()

    asyncio.run(scenario())
    assert publisher.published == [DRAIN] * 3


def test_closing_without_a_wakeup_waits_for_nothing() -> None:
    """``close`` without a wakeup publishes nothing."""
    publisher = SlowPublisher()
    asyncio.run(WorkerWakeup(publisher).close())
    assert publisher.published == []
