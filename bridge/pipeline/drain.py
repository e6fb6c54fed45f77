"""Handling the inbox until it is empty: one drain at a time in a process, batch after batch."""

import threading
import time
from collections.abc import Callable

from bridge.broker.publisher import DRAIN
from bridge.pipeline import events
from bridge.services import Services

FEW = 25
PAUSE_SECONDS = 0.15
"""After a batch of few events the next is left to grow: else each event has a batch of its own."""

MOST_BATCHES = 500
"""A drain ends after so many, for its message comes back if it is not acknowledged in time."""

_AT_WORK = threading.Lock()
_WANTED = threading.Event()


def drain(services: Services, pause: Callable[[float], object] = time.sleep) -> None:
    """Handle events until none is left. While another thread of this process does, it goes on.

    The flag is looked at after the lock is released, so that one of two threads sees each wish.
    """
    _WANTED.set()
    while _WANTED.is_set() and _AT_WORK.acquire(blocking=False):
        try:
            _WANTED.clear()
            is_left = _drain(services, pause)
        finally:
            _AT_WORK.release()
        if is_left:
            services.publisher.publish(DRAIN)
            return


def _drain(services: Services, pause: Callable[[float], object]) -> bool:
    """Handle batches; return whether events may be left."""
    for _ in range(MOST_BATCHES):
        count = events.drain(services)
        if count == 0:
            return False
        if count < FEW:
            pause(PAUSE_SECONDS)
    return True
