"""An HTTP connection of the web process without a socket, an event loop or an application."""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn import Config
from uvicorn.server import ServerState

from bridge.asgi.connection import Connection


class Clock:
    """An event loop that only records its timers."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, Callable[[], object]]] = []

    def call_later(self, seconds: float, act: Callable[[], object]) -> "Handle":
        """Record a timer."""
        self.waiting.append((seconds, act))
        return Handle(self, (seconds, act))

    def create_task(self, work: Any) -> "Clock":  # noqa: ANN401 - a coroutine
        """Close the coroutine, so that no response is made."""
        work.close()
        return self

    def add_done_callback(self, _: object) -> None:
        """Ignore the callback, as a task that never ends."""

    def time(self) -> float:
        """Return a time that never changes."""
        return 0.0

    def seconds(self) -> list[float]:
        """Return the delay of each timer."""
        return [seconds for seconds, _ in self.waiting]


class Handle:
    """A timer that can be cancelled."""

    def __init__(self, clock: Clock, what: tuple[float, Callable[[], object]]) -> None:
        self._clock, self._what = clock, what

    def cancel(self) -> None:
        """Remove the timer from the loop."""
        self._clock.waiting.remove(self._what)


class Transport(asyncio.Transport):
    """A transport without a socket."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False
        self.closed = False

    def abort(self) -> None:
        """Record that the connection was aborted."""
        self.aborted = True

    def is_closing(self) -> bool:
        """Return whether the connection was closed."""
        return self.closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401, ARG002 - asyncio's
        """Return the default."""
        return default

    def close(self) -> None:
        """Record that the connection was closed."""
        self.closed = True

    def write(self, data: Any) -> None:  # noqa: ANN401 - bytes of any kind
        """Discard the data."""

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self) -> None:
        """Do nothing."""


async def nothing(_scope: object, _receive: object, _send: object) -> None:
    """Send no response: an ASGI application that does nothing."""


def connected(clock: Clock) -> Connection:
    """Return a connection that was just made, on a recording event loop."""
    loop: Any = clock
    one = Connection(Config(nothing, log_config=None), ServerState(), {}, _loop=loop)
    one.connection_made(Transport())
    return one
