"""The event loop that sends all outgoing requests of a process, in a thread started on demand."""

import asyncio
import atexit
import threading
from collections.abc import Callable, Coroutine

CLOSE_SECONDS = 2.0

_LOCK = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def event_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop for outgoing requests; start its thread if needed.

    The thread ends with the process.
    """
    global _loop  # noqa: PLW0603 - one for each process
    with _LOCK:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="requests", daemon=True).start()
        return _loop


def close_at_exit(close: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run ``close`` on the event loop when the process exits, for at most ``CLOSE_SECONDS``."""
    atexit.register(
        lambda: asyncio.run_coroutine_threadsafe(close(), event_loop()).result(CLOSE_SECONDS)
    )
