"""The wakeup: few messages for many events, and none forgotten."""

import asyncio
import threading
from dataclasses import dataclass, field

from bridge.broker.publisher import DRAIN
from bridge.ingress.wake_workers import WorkerWakeup


@dataclass
class SlowPublisher:
    """Publishes when its gate is open; it is called in a thread, off the event loop."""

    gate: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    published: list[str] = field(default_factory=list)

    def publish(self, task: str, *_args: str, countdown: float = 0) -> None:
        """Wait, then write the task down."""
        assert countdown == 0
        self.begun.set()
        assert self.gate.wait(10)
        self.published.append(task)


def test_wakeups_during_one_publication_become_one_more() -> None:
    """What was stored while a message was on its way is covered by the one after it."""
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


def test_asking_takes_no_time() -> None:
    """A broker that hangs holds up no answer; only the shutdown waits for it."""
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
    """Each batch that finds nothing on its way sends its own."""
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
    """Nothing was stored, nothing is said."""
    publisher = SlowPublisher()
    asyncio.run(WorkerWakeup(publisher).close())
    assert publisher.published == []
