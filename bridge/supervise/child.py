"""One supervised process: its output passed on line by line, started again when it ends."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from bridge.supervise.commands import Command
from config.environment import child_environment

SHORT_LIFE = 5.0
SHORT_LIVES = 3
READY_CHECK = 0.05
LONGEST_LINE = 1024 * 1024

Sink = Callable[[str, str], None]
"""Takes a process's name and a line that it wrote."""


class KeepsDying(Exception):  # noqa: N818 - the name says what happened
    """The process ended within seconds, three times in a row: starting it again is no cure."""


class Child:
    """A process that is kept running until it is stopped."""

    def __init__(self, command: Command, sink: Sink) -> None:
        self.command = command
        self._sink = sink
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False

    async def run(self) -> None:
        """Run until stopped. Raises ``KeepsDying`` when it cannot stay up."""
        short_lives = 0
        while True:
            begun = time.monotonic()
            code = await self._run_once()
            if self._stopping:
                return
            short_lives = short_lives + 1 if time.monotonic() - begun < SHORT_LIFE else 0
            if short_lives == SHORT_LIVES:
                raise KeepsDying(f"{self.command.name} keeps ending with exit code {code}")
            self._sink(self.command.name, f"ended with exit code {code}; starting it again")
            await asyncio.sleep(short_lives)

    async def wait_until_ready(self) -> None:
        """Return when those that need this process may be started."""
        is_ready = self.command.is_ready or (lambda: True)
        while not await asyncio.to_thread(is_ready):  # noqa: ASYNC110 - a server sets no event
            await asyncio.sleep(READY_CHECK)

    async def stop(self) -> None:
        """End the process: SIGTERM, and after its grace SIGKILL."""
        self._stopping = True
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
        self._stopping = True
        self._signal(signal.SIGKILL)

    async def _run_once(self) -> int:
        # A session of its own: the terminal's Ctrl-C must reach us alone, who stop in order.
        self._process = await asyncio.create_subprocess_exec(
            *self.command.argv,
            env=child_environment(self.command.env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            limit=LONGEST_LINE,
            pass_fds=self.command.pass_fds,
        )
        await self._pass_on(self._process)
        return await self._process.wait()

    async def _pass_on(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            return
        async for line in process.stdout:
            self._sink(self.command.name, line.decode(errors="replace").rstrip("\n"))

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
