"""Runs a measured process in a new session, and writes its output to a file."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

READY_WITHIN = 60.0


class Process:
    """A command that runs during a ``with`` block. Its child processes share its session."""

    def __init__(
        self, name: str, argv: Sequence[str], env: Mapping[str, str], directory: Path
    ) -> None:
        self.name, self._argv, self._env = name, argv, env
        self._directory = directory
        self._running: subprocess.Popen[bytes] | None = None
        self.session = 0
        """The session id of the process and of its children. Set when the process starts."""

    def __enter__(self) -> Self:
        with (self._directory / f"{self.name}.log").open("ab") as log:
            self._running = subprocess.Popen(
                self._argv,
                env=dict(self._env),
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.session = self._running.pid
        return self

    def __exit__(self, *_: object) -> None:
        running, self._running = self._running, None
        if running is not None:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            running.wait()

    def stop(self, within: float) -> None:
        """Send SIGTERM, and wait at most ``within`` seconds for the process to end."""
        if self._running is not None:
            self._running.send_signal(signal.SIGTERM)
            self._running.wait(within)

    def wait_until(self, is_ready: Callable[[], bool], pause: float = 0.02) -> None:
        """Wait until ``is_ready`` returns true.

        Raises ``TimeoutError``, with the last output, if the process ends first, or after 60
        seconds.
        """
        deadline = time.monotonic() + READY_WITHIN
        while not is_ready():
            ended = self._running is None or self._running.poll() is not None
            if ended or time.monotonic() > deadline:
                log = self._directory / f"{self.name}.log"
                raise TimeoutError(f"{self.name} is not ready:\n{log.read_text()[-2000:]}")
            time.sleep(pause)
