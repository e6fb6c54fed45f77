"""A real process, started as in production, with its output in a file."""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from bridge.supervise.commands import Command
from config.settings import PREFIX
from tests.support.waiting import WITHIN

SHOWN_LINES, SHOWN_WIDTH = 40, 300


class Process:
    """A command that can be started, stopped and started again with other settings.

    It ends with SIGTERM, as under any supervisor, because only then is its coverage written.
    """

    def __init__(self, command: Command, directory: Path) -> None:
        self.command = command
        self.log = directory / f"{command.name}.log"
        self._directory = directory
        self._running: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Return the process id of the running process."""
        assert self._running is not None
        return self._running.pid

    def start(self, **changes: str) -> Self:
        """Start the process in the test's directory, where no ``.env`` of a developer is."""
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(  # noqa: S603 - the bridge's own commands
                self.command.argv,
                env=_environment({**self.command.env, **changes}),
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=self.command.pass_fds,
            )
        return self

    def stop(self) -> None:
        """Send SIGTERM; kill the process and fail the test if it does not end in time."""
        running, self._running = self._running, None
        if running is None:
            return
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(WITHIN)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"{self.command.name} did not end after SIGTERM") from error
        finally:
            with suppress(ProcessLookupError):  # what it may have started is of its session
                os.killpg(running.pid, signal.SIGKILL)
            running.wait()

    def kill(self) -> None:
        """Kill the process and its session at once."""
        running = self._running
        if running is not None:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            self._running = None

    @property
    def has_ended(self) -> bool:
        """Whether the process was started and has exited."""
        return self.ended() is not None

    def ended(self) -> int | None:
        """Return the exit code, or ``None`` while the process runs."""
        return self._running.poll() if self._running else None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        if self._running:
            self._running.send_signal(number)

    def output(self) -> str:
        """Return all output so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def last_lines(self) -> str:
        """Return the last lines of the output, for the report of a failure."""
        lines = (line for line in self.output().splitlines() if "TaskPool: Apply" not in line)
        return "\n".join(line[:SHOWN_WIDTH] for line in [*lines][-SHOWN_LINES:])


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {**inherited, **extra}
