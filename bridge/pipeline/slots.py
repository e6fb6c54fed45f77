"""Slots of a worker process: they limit how many batches of each kind of work run at once.

So no kind of work can occupy all threads of a worker. If no slot is free, the batch ends at once,
and its calls are queued in Redis. When a batch of the same kind ends, queued calls are published
again, many in one message.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from bridge.broker.publisher import BATCH
from bridge.domain.steps import INSIGHTS, SUBMIT
from bridge.services import Services
from config.broker import (
    FEWEST_THREADS,
    INSIGHT_SLOTS,
    LINK_SLOTS,
    SUBMISSION_SLOTS,
    WORKER_THREADS,
)

LOOK_SECONDS = 5.0
"""The time until the queue for slots is read again, after it was found empty."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of work, and the name of its Celery task.

    ``slots`` is its number of slots (batches that run at once) in a worker with ``WORKER_THREADS``
    threads.
    """

    name: str
    task: str
    slots: int


SUBMISSIONS = Kind("submissions", SUBMIT.task, SUBMISSION_SLOTS)
LINKS = Kind("links", SUBMIT.task, LINK_SLOTS)
FETCHES = Kind("fetches", INSIGHTS.task, INSIGHT_SLOTS)
KINDS = (SUBMISSIONS, LINKS, FETCHES)


@dataclass
class Slots:
    """The slots of this worker process. The keys are the names of the kinds of work.

    ``taken`` has the number of batches that run. ``look_at`` is when the queue for slots may be
    read again, by the monotonic clock.
    """

    threads: int = WORKER_THREADS
    taken: Counter[str] = field(default_factory=Counter)
    look_at: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_free(self, kind: Kind) -> bool:
        """Return whether a slot for this kind of work is free."""
        return self.taken[kind.name] < max(1, kind.slots * self.threads // WORKER_THREADS)

    def acquire(self, kind: Kind) -> bool:
        """Occupy a slot for this kind of work if one is free; return whether one was free."""
        with self.lock:
            is_free = self.is_free(kind)
            self.taken[kind.name] += is_free
        return is_free

    def release(self, kind: Kind) -> None:
        """Free a slot for this kind of work."""
        with self.lock:
            self.taken[kind.name] -= 1


SLOTS = Slots()


def use_threads(threads: int) -> None:
    """Set the number of threads of this worker process, from which its slots are computed.

    Some threads have no slot: they handle events and run the sweep. Raises ``ValueError`` if
    ``threads`` is less than ``FEWEST_THREADS``.
    """
    if threads < FEWEST_THREADS:
        raise ValueError(
            f"A worker needs at least {FEWEST_THREADS} threads, and has {threads}: start it with "
            f"--concurrency {WORKER_THREADS}, or without that option."
        )
    SLOTS.threads = threads


@contextmanager
def slot(services: Services, kind: Kind, call_ids: Sequence[str]) -> Iterator[bool]:
    """Yield whether the batch has a slot of this worker process.

    If no slot is free, the calls are queued in Redis. On exit the slot is freed, and queued calls
    are published.
    """
    if not SLOTS.acquire(kind):
        services.due.wait(kind.name, call_ids, services.now())
        SLOTS.look_at[kind.name] = 0.0
        log.debug("batch.waits_for_slot", kind=kind.name, call_ids=call_ids)
        yield False
        return
    try:
        yield True
    finally:
        SLOTS.release(kind)
        if SLOTS.look_at.get(kind.name, 0.0) <= time.monotonic():
            publish_waiting(services, kind)


def publish_left(services: Services, kind: Kind) -> int:
    """Publish a batch of queued calls if this process has a free slot; return the number of calls.

    The sweep uses this for calls that a killed worker has not published. If no slot is free, a
    batch that runs in this process publishes queued calls when it ends.
    """
    return publish_waiting(services, kind) if SLOTS.is_free(kind) else 0


def publish_waiting(services: Services, kind: Kind) -> int:
    """Publish a batch of the calls that are queued longest for a slot; return their number."""
    call_ids = services.due.take_waiting(kind.name, BATCH)
    if call_ids:
        services.publisher.publish(kind.task, *call_ids)
    else:
        SLOTS.look_at[kind.name] = time.monotonic() + LOOK_SECONDS
    return len(call_ids)
