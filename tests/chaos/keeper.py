"""A supervisor, as every deployment has one: what ended by itself is started again."""

import threading
from collections.abc import Mapping
from typing import Self

from tests.scenarios.process import Process

LOOKS_EVERY = 0.2


class Keeper:
    """Watches processes. ``revived`` names those that ended without being told to, in order."""

    def __init__(self, processes: Mapping[str, Process]) -> None:
        self._processes = processes
        self.revived: list[str] = []
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
        while not self._stopping.wait(LOOKS_EVERY):
            for name, process in self._processes.items():
                with self.lock:
                    if process.has_ended:
                        self.revived.append(name)
                        process.start()
