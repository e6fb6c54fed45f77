"""Places for batches: a bound for each kind of work in a process, so that none starves another.

A batch that finds no place leaves its thread at once. Its calls wait in the store, and are
published again, many in one message, as soon as a batch of the kind has ended.
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
"""How often a process that made no calls wait looks for waiting ones: another may have ended."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of work: what is published for its calls, and how many batches run at once.

    ``places`` are those of a worker with ``WORKER_THREADS`` threads.
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
    """The places of this process: how many are taken, and when waiting calls are looked for."""

    threads: int = WORKER_THREADS
    taken: Counter[str] = field(default_factory=Counter)
    look_at: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_free(self, kind: Kind) -> bool:
        """Return whether a place is free."""
        return self.taken[kind.name] < max(1, kind.places * self.threads // WORKER_THREADS)

    def take(self, kind: Kind) -> bool:
        """Take a place, if one is free."""
        with self.lock:
            is_free = self.is_free(kind)
            self.taken[kind.name] += is_free
        return is_free

    def give_back(self, kind: Kind) -> None:
        """Give a place back."""
        with self.lock:
            self.taken[kind.name] -= 1


PLACES = Places()


def use_threads(threads: int) -> None:
    """Share this number of threads out: the kinds keep their parts, intake and sweep the rest.

    Raises ``ValueError`` if they are too few for that.
    """
    if threads < FEWEST_THREADS:
        raise ValueError(
            f"A worker needs at least {FEWEST_THREADS} threads, and has {threads}: start it with "
            f"--concurrency {WORKER_THREADS}, or without that option."
        )
    PLACES.threads = threads


@contextmanager
def place(services: Services, kind: Kind, call_ids: Sequence[str]) -> Iterator[bool]:
    """Yield whether there is a place for the batch; without one its calls wait for it."""
    if not PLACES.take(kind):
        services.due.wait(kind.name, call_ids, services.now())
        PLACES.look_at[kind.name] = 0.0
        log.debug("batch.waits", kind=kind.name, calls=len(call_ids))
        yield False
        return
    try:
        yield True
    finally:
        PLACES.give_back(kind)
        if PLACES.look_at.get(kind.name, 0.0) <= time.monotonic():
            publish_waiting(services, kind)


def publish_left(services: Services, kind: Kind) -> int:
    """Publish a batch of waiting calls from the sweep; return how many.

    It brings the others after it where a worker died. While the places here are taken, the batches
    that have them publish the next ones when they end.
    """
    return publish_waiting(services, kind) if PLACES.is_free(kind) else 0


def publish_waiting(services: Services, kind: Kind) -> int:
    """Publish a batch of the calls that have waited longest for a place; return how many."""
    call_ids = services.due.take_waiting(kind.name, BATCH)
    if call_ids:
        services.publisher.publish(kind.task, *call_ids)
    else:
        PLACES.look_at[kind.name] = time.monotonic() + LOOK_SECONDS
    return len(call_ids)
