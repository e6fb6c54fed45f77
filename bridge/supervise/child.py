"""Runs one process of the bridge, restarts it when it ends, and passes on its output by line."""

import asyncio
import errno
import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass

from bridge.errors import BridgeError
from bridge.supervise.commands import Command
from bridge.supervise.parent_death import ending_with_us
from config.environment import child_environment

READY_CHECK = 0.05
LONGEST_LINE = 1024 * 1024

Sink = Callable[[str, str], None]
"""A function that receives the name of a process and a line of its output."""


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How often a process is restarted, and after which pause.

    A run of less than ``short_life`` seconds is short. If the first ``short_lives`` runs are all
    short, the process is not restarted any more. After one longer run the process is always
    restarted, because the cause of later ends, such as a full Redis, may pass. The pause before a
    restart is ``pause`` seconds for each short run in a row, up to ``short_lives`` of them.
    """

    short_life: float = 5.0
    short_lives: int = 3
    pause: float = 1.0


RESTART_POLICY = RestartPolicy()


class CrashLoopError(BridgeError):
    """Each of the first runs of a process ended within seconds, so it is not restarted."""


class Child:
    """A process of the bridge that is restarted until it is stopped."""

    def __init__(
        self, command: Command, sink: Sink, policy: RestartPolicy = RESTART_POLICY
    ) -> None:
        self.command = command
        self._sink = sink
        self._policy = policy
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Run the process until ``stop``, and restart it when it ends.

        Raises ``CrashLoopError`` if the first runs are all short, and ``OSError`` if the process
        cannot be started. When the process ends, its child processes are killed, because they could
        hold its port or its data.
        """
        short_lives, can_live = 0, False
        while not self._stopping.is_set():
            begun = time.monotonic()
            code = await self._run_once()
            if self._stopping.is_set():
                return
            short = time.monotonic() - begun < self._policy.short_life
            short_lives = min(short_lives + 1, self._policy.short_lives) if short else 0
            can_live = can_live or not short
            if short_lives == self._policy.short_lives and not can_live:
                raise CrashLoopError(f"{self.command.name} keeps ending with exit code {code}")
            self._sink(self.command.name, f"ended with exit code {code}; starting it again")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), short_lives * self._policy.pause)

    async def wait_until_ready(self) -> None:
        """Wait until the process is ready, so that the processes which need it can be started."""
        is_ready = self.command.is_ready or (lambda: True)
        while not await asyncio.to_thread(is_ready):  # noqa: ASYNC110 - a server sets no event
            await asyncio.sleep(READY_CHECK)

    async def stop(self) -> None:
        """Stop the process by SIGTERM, and by SIGKILL if it has not ended after its grace."""
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
        """Stop the process at once, by SIGKILL."""
        self._stopping.set()
        self._signal(signal.SIGKILL)

    async def _run_once(self) -> int:
        """Run the process until it ends, then kill its child processes; return its exit code."""
        # Not asyncio's pipe: with that pipe, wait() would not return while a child process that was
        # left behind holds the other end: https://github.com/python/cpython/issues/119710
        reading, writing = os.pipe()
        passing_on = asyncio.create_task(self._pass_on(reading))
        try:
            try:
                program = self.command.argv[0]
                if shutil.which(program) is None:  # else parent_death.py would start each time
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)
                # In a new session the terminal's Ctrl-C does not reach the process: the supervisor
                # stops all processes in order.
                self._process = process = await asyncio.create_subprocess_exec(
                    *ending_with_us(self.command.argv, self.command.death_signal),
                    env=child_environment(self.command.env),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=writing,
                    stderr=asyncio.subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=self.command.pass_fds,
                )
            finally:
                os.close(writing)
            if self._stopping.is_set():  # stop() was called while the process was being started
                self._signal(signal.SIGKILL)
            code = await process.wait()
            self._signal(signal.SIGKILL)
            self._process = None
            return code
        finally:
            await passing_on

    async def _pass_on(self, output: int) -> None:
        """Pass each line of the process's output to the sink, until the output ends.

        A line of more than ``LONGEST_LINE`` bytes is passed on in pieces. Bytes that are not UTF-8
        are replaced.
        """
        stream = asyncio.StreamReader(limit=LONGEST_LINE)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(output, "rb", buffering=0)
        )
        with closing(transport):
            while True:
                try:
                    line = await stream.readuntil()
                except asyncio.LimitOverrunError as error:
                    line = await stream.readexactly(error.consumed)
                except asyncio.IncompleteReadError as error:
                    line = error.partial
                if not line:
                    return
                self._sink(self.command.name, line.decode(errors="replace").removesuffix("\n"))

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and to every other process of its session."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
