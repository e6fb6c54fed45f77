"""One supervised process: its output passed on line by line, started again when it ends."""

import asyncio
import errno
import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from bridge.errors import BridgeError
from bridge.supervise.commands import Command
from bridge.supervise.lines import read_lines
from bridge.supervise.parent_death import ending_with_us
from config.environment import child_environment

READY_CHECK = 0.05

Sink = Callable[[str, str], None]
"""Takes a process's name and a line that it wrote."""


@dataclass(frozen=True, slots=True)
class Patience:
    """When a process is given up: if its first so many lives last less than ``short_life`` seconds.

    One that has lived longer can live: then it dies of something that passes, such as a store that
    is full, and is started again for ever. Before each start ``pause`` seconds pass for each short
    life in a row, of which no more than ``short_lives`` count.
    """

    short_life: float = 5.0
    short_lives: int = 3
    pause: float = 1.0


PATIENCE = Patience()


class CrashLoopError(BridgeError):
    """The process ended within seconds of each of its first starts. It is not started again."""


class Child:
    """A process that is kept running until it is stopped."""

    def __init__(self, command: Command, sink: Sink, patience: Patience = PATIENCE) -> None:
        self.command = command
        self._sink = sink
        self._patience = patience
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Run until stopped. Raises ``CrashLoopError``, or ``OSError`` if it cannot be started.

        Nothing outlives its process: what that leaves behind would hold its port, or its data.
        """
        short_lives, can_live = 0, False
        while not self._stopping.is_set():
            begun = time.monotonic()
            code = await self._run_once()
            if self._stopping.is_set():
                return
            short = time.monotonic() - begun < self._patience.short_life
            short_lives = min(short_lives + 1, self._patience.short_lives) if short else 0
            can_live = can_live or not short
            if short_lives == self._patience.short_lives and not can_live:
                raise CrashLoopError(f"{self.command.name} keeps ending with exit code {code}")
            self._sink(self.command.name, f"ended with exit code {code}; starting it again")
            await self._pause(short_lives * self._patience.pause)

    async def wait_until_ready(self) -> None:
        """Return when those that need this process may be started."""
        is_ready = self.command.is_ready or (lambda: True)
        while not await asyncio.to_thread(is_ready):  # noqa: ASYNC110 - a server sets no event
            await asyncio.sleep(READY_CHECK)

    async def stop(self) -> None:
        """End the process: SIGTERM, and after its grace SIGKILL."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), self.command.grace)
        except TimeoutError:
            self._sink(self.command.name, "did not end in time; killing it")
            self.kill()
            await process.wait()

    def kill(self) -> None:
        """End the process at once, without its leave."""
        self._stopping.set()
        self._signal(signal.SIGKILL)

    async def _run_once(self) -> int:
        # A pipe of our own: with asyncio's, wait() would not return while a child that the process
        # left behind holds the other end.
        reading, writing = os.pipe()
        passing_on = asyncio.create_task(self._pass_on(reading))
        try:
            return await self._live(writing)
        finally:
            await passing_on

    async def _live(self, output: int) -> int:
        try:
            process = await self._start(output)
        finally:
            os.close(output)
        if self._stopping.is_set():  # the word to stop came while it was being started
            self._signal(signal.SIGKILL)
        code = await process.wait()
        self._signal(signal.SIGKILL)
        self._process = None
        return code

    async def _start(self, output: int) -> asyncio.subprocess.Process:
        program = self.command.argv[0]
        if shutil.which(program) is None:  # else a child would start, and end, over and over
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)
        # A session of its own: the terminal's Ctrl-C must reach us alone, who stop in order.
        self._process = await asyncio.create_subprocess_exec(
            *ending_with_us(self.command.argv, self.command.death_signal),
            env=child_environment(self.command.env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            pass_fds=self.command.pass_fds,
        )
        return self._process

    async def _pass_on(self, output: int) -> None:
        async for line in read_lines(output):
            self._sink(self.command.name, line)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _signal(self, number: signal.Signals) -> None:
        """Signal the process, and all that is of its session."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
