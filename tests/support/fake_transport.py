"""A sender's connection without a socket, a loop or an application behind it."""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn import Config
from uvicorn.server import ServerState

from bridge.asgi.connection import Connection


class Clock:
    """A loop that only remembers what is to happen, and when."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, Callable[[], object]]] = []

    def call_later(self, seconds: float, act: Callable[[], object]) -> "Handle":
        """Remember it."""
        self.waiting.append((seconds, act))
        return Handle(self, (seconds, act))

    def create_task(self, work: Any) -> "Clock":  # noqa: ANN401 - a coroutine
        """Let no answer be made."""
        work.close()
        return self

    def add_done_callback(self, _: object) -> None:
        """Be a task that is never done."""

    def time(self) -> float:
        """Stand still."""
        return 0.0

    def seconds(self) -> list[float]:
        """Return how far ahead each thing is."""
        return [seconds for seconds, _ in self.waiting]


class Handle:
    """What can be cancelled."""

    def __init__(self, clock: Clock, what: tuple[float, Callable[[], object]]) -> None:
        self._clock, self._what = clock, what

    def cancel(self) -> None:
        """Forget it."""
        self._clock.waiting.remove(self._what)


class Transport(asyncio.Transport):
    """A socket that is not there."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False
        self.closed = False

    def abort(self) -> None:
        """Remember that it was ended."""
        self.aborted = True

    def is_closing(self) -> bool:
        """Tell whether it was closed."""
        return self.closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401, ARG002 - asyncio's
        """Know nothing."""
        return default

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    def write(self, data: Any) -> None:  # noqa: ANN401 - bytes of any kind
        """Let it go."""

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self) -> None:
        """Do nothing."""


async def nothing(_scope: object, _receive: object, _send: object) -> None:
    """Answer nothing."""


def connected(clock: Clock) -> Connection:
    """Return a connection that was just made, on a clock that only remembers."""
    loop: Any = clock
    one = Connection(Config(nothing, log_config=None), ServerState(), {}, _loop=loop)
    one.connection_made(Transport())
    return one
