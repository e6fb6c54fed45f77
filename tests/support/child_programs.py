"""Small Python programs to supervise, and a sink for their output that tests can wait on."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from bridge.supervise.child import RestartPolicy
from bridge.supervise.commands import Command
from tests.support.waiting import WITHIN

HASTE = RestartPolicy(short_life=3600, pause=0)
"""Every process counts as short-lived, and is restarted without a pause."""

ONCE = RestartPolicy(short_life=3600, short_lives=1, pause=0)
NEVER = RestartPolicy(short_life=0, pause=0)
"""No process counts as short-lived, so it is restarted without end."""

HELPERS = """\
import os, signal, sys
def say(text): print(text, flush=True)
def on_term(act): signal.signal(signal.SIGTERM, lambda *_: act())
def wait():
    while True: signal.pause()
"""
OBEDIENT = "on_term(lambda: (say('down'), sys.exit(0))); say('up'); wait()"
STUBBORN = "on_term(lambda: say('asked')); say('up'); wait()"


def program(
    text: str,
    name: str = "it",
    grace: float = WITHIN,
    is_ready: Callable[[], bool] | None = None,
) -> Command:
    """Return a command that runs these lines of Python."""
    return Command(name, (sys.executable, "-c", HELPERS + text), grace=grace, is_ready=is_ready)


class Output:
    """A sink that keeps each line as ``name: line``."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._more = asyncio.Condition()

    def __call__(self, name: str, line: str) -> None:
        """Keep the line, and notify the waiting tests."""
        self.lines.append(f"{name}: {line}")
        self._notified = asyncio.ensure_future(self._notify())

    async def until(self, line: str, times: int = 1) -> None:
        """Return when the line was written ``times`` times."""
        async with self._more, asyncio.timeout(WITHIN):
            await self._more.wait_for(lambda: self.lines.count(line) >= times)

    def has(self, line: str) -> bool:
        """Return whether the line was written."""
        return line in self.lines

    async def _notify(self) -> None:
        async with self._more:
            self._more.notify_all()


def play(scenario: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine, with a time limit."""

    async def bounded() -> None:
        async with asyncio.timeout(3 * WITHIN):
            await scenario

    asyncio.run(bounded())
