"""Draining the inbox: batch after batch until it is empty, one thread of a process at a time."""

import threading
import time
from collections.abc import Callable

from bridge.broker.publisher import DRAIN
from bridge.pipeline import events
from bridge.services import Services

FEW = 25
PAUSE_SECONDS = 0.15
"""The pause after a batch of fewer than ``FEW`` events, so that the next batch is larger."""

MOST_BATCHES = 500
"""A drain ends after this many batches and publishes the next drain.

The broker redelivers a message that is not acknowledged within its visibility timeout:
https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout.
"""

_AT_WORK = threading.Lock()
_WANTED = threading.Event()


def drain(services: Services, pause: Callable[[float], object] = time.sleep) -> None:
    """Handle events until the inbox is empty. If another thread drains already, return at once.

    A caller sets ``_WANTED`` before it tries the lock, and the draining thread checks ``_WANTED``
    after it has released the lock. So that thread drains once more, and no event is left behind.
    """
    _WANTED.set()
    while _WANTED.is_set() and _AT_WORK.acquire(blocking=False):
        try:
            _WANTED.clear()
            for _ in range(MOST_BATCHES):
                count = events.drain(services)
                if count == 0:
                    break
                if count < FEW:
                    pause(PAUSE_SECONDS)
        finally:
            _AT_WORK.release()
        if count > 0:
            services.publisher.publish(DRAIN)
            return
