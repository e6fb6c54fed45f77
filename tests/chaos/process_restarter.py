"""Restarts processes that ended by themselves, as the supervisor of a deployment does."""

import threading
from collections.abc import Mapping
from typing import Self

from tests.support.process import Process

POLL_SECONDS = 0.2


class ProcessRestarter:
    """Watches processes. ``restarted`` names those that ended without being told to, in order."""

    def __init__(self, processes: Mapping[str, Process]) -> None:
        self._processes = processes
        self.restarted: list[str] = []
        self.lock = threading.Lock()
        """Held by whoever stops or starts a process."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            for name, process in self._processes.items():
                with self.lock:
                    if process.has_ended:
                        self.restarted.append(name)
                        process.start()
