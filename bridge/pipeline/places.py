"""Places for batches: how many batches of each kind of work may run at once in a process.

So no kind of work occupies all threads of a worker. A batch without a place ends at once, and its
calls wait in the store. When a batch of the same kind ends, they are published again, many in one
message.
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
    INSIGHT_PLACES,
    LINK_PLACES,
    SUBMISSION_PLACES,
    WORKER_THREADS,
)

LOOK_SECONDS = 5.0
"""Time between two looks for waiting calls, after a look that found none."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of work: the task that does it, and how many of its batches run at once.

    ``places`` is that number for a worker with ``WORKER_THREADS`` threads.
    """

    name: str
    task: str
    places: int


SUBMISSIONS = Kind("submissions", SUBMIT.task, SUBMISSION_PLACES)
LINKS = Kind("links", SUBMIT.task, LINK_PLACES)
FETCHES = Kind("fetches", INSIGHTS.task, INSIGHT_PLACES)
KINDS = (SUBMISSIONS, LINKS, FETCHES)


@dataclass
class Places:
    """The places of this process, by the names of kinds.

    ``taken`` counts the batches that run. ``look_at`` is the time, by the monotonic clock, from
    which on the end of a batch looks for waiting calls.
    """

    threads: int = WORKER_THREADS
    taken: Counter[str] = field(default_factory=Counter)
    look_at: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_free(self, kind: Kind) -> bool:
        """Return whether a place is free."""
        return self.taken[kind.name] < max(1, kind.places * self.threads // WORKER_THREADS)

    def take(self, kind: Kind) -> bool:
        """Occupy a place if one is free; return whether one was."""
        with self.lock:
            is_free = self.is_free(kind)
            self.taken[kind.name] += is_free
        return is_free

    def give_back(self, kind: Kind) -> None:
        """Free a place."""
        with self.lock:
            self.taken[kind.name] -= 1


PLACES = Places()


def use_threads(threads: int) -> None:
    """Set the number of threads of this worker; the places of each kind are in proportion to it.

    The threads beyond all places are for intake and the sweep. Raises ``ValueError`` if there are
    fewer than ``FEWEST_THREADS``.
    """
    if threads < FEWEST_THREADS:
        raise ValueError(
            f"A worker needs at least {FEWEST_THREADS} threads, and has {threads}: start it with "
            f"--concurrency {WORKER_THREADS}, or without that option."
        )
    PLACES.threads = threads


@contextmanager
def place(services: Services, kind: Kind, call_ids: Sequence[str]) -> Iterator[bool]:
    """Yield whether the batch has a place; without one its calls are stored as waiting."""
    if not PLACES.take(kind):
        services.due.wait(kind.name, call_ids, services.now())
        PLACES.look_at[kind.name] = 0.0
        log.debug("batch.waits_for_slot", kind=kind.name, call_ids=call_ids)
        yield False
        return
    try:
        yield True
    finally:
        PLACES.give_back(kind)
        if PLACES.look_at.get(kind.name, 0.0) <= time.monotonic():
            publish_waiting(services, kind)


def publish_left(services: Services, kind: Kind) -> int:
    """Publish a batch of waiting calls if a place is free here; return how many calls.

    The sweep calls this, because a worker may have died whose batch would have published them at
    its end. If no place is free here, a running batch publishes them at its end.
    """
    return publish_waiting(services, kind) if PLACES.is_free(kind) else 0


def publish_waiting(services: Services, kind: Kind) -> int:
    """Publish the calls that have waited longest for a place, up to a batch; return how many."""
    call_ids = services.due.take_waiting(kind.name, BATCH)
    if call_ids:
        services.publisher.publish(kind.task, *call_ids)
    else:
        PLACES.look_at[kind.name] = time.monotonic() + LOOK_SECONDS
    return len(call_ids)
