"""The event loop on which requests wait: one thread for each process, started when first used."""

import asyncio
import threading

_LOCK = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def event_loop() -> asyncio.AbstractEventLoop:
    """Return the running loop. Its thread ends with the process."""
    global _loop  # noqa: PLW0603 - one for each process
    with _LOCK:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="requests", daemon=True).start()
        return _loop
