"""Restarts processes that ended by themselves, as a supervisor does."""

import threading
from collections.abc import Mapping
from typing import Self

from tests.support.process import Process

POLL_SECONDS = 0.2


class ProcessRestarter:
    """Restarts ended processes.

    ``restarted`` lists the names of those that ended without being stopped, in order.
    """

    def __init__(self, processes: Mapping[str, Process]) -> None:
        self._processes = processes
        self.restarted: list[str] = []
        self.lock = threading.Lock()
        """Held while a process is stopped or started."""
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
