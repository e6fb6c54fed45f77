"""Drains the inbox: handles batches of events until the inbox is empty.

Only one thread of a process drains at a time.
"""

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
"""After this many batches a drain ends, and publishes a message that starts the next drain.

A longer drain could exceed the visibility timeout, after which the broker delivers its message
again:
https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout.
"""

_AT_WORK = threading.Lock()
_WANTED = threading.Event()


def drain(services: Services, pause: Callable[[float], object] = time.sleep) -> None:
    """Handle events until the inbox is empty. If another thread drains already, return at once.

    ``_WANTED`` ensures that no event stays behind: a thread sets it before it tries the lock, and
    the draining thread checks it after it has released the lock, and then drains once more.
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
