"""The event loop on which requests wait: one thread for each process, started when first used."""

import asyncio
import atexit
import threading
from collections.abc import Callable, Coroutine

CLOSE_SECONDS = 2.0

_LOCK = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_closers: list[Callable[[], Coroutine[None, None, None]]] = []


def event_loop() -> asyncio.AbstractEventLoop:
    """Return the running loop. Its thread ends with the process."""
    global _loop  # noqa: PLW0603 - one for each process
    with _LOCK:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="requests", daemon=True).start()
            atexit.register(_close_all)
        return _loop


def close_at_exit(close: Callable[[], Coroutine[None, None, None]]) -> None:
    """Await ``close`` on the loop when the process ends."""
    _closers.append(close)


def _close_all() -> None:
    async def close_each() -> None:
        for close in _closers:
            await close()

    asyncio.run_coroutine_threadsafe(close_each(), event_loop()).result(CLOSE_SECONDS)
