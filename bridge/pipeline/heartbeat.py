"""The heartbeat of this worker process."""

import os

import structlog

from bridge import __version__
from bridge.services import Services
from bridge.store.heartbeats import Worker

log = structlog.get_logger(__name__)


class Heartbeat:
    """Writes the heartbeats of the worker ``name``.

    The first of several errors in a row is logged.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_failing = False

    def write(self, services: Services, running: int) -> None:
        """Write a heartbeat with the number of running tasks. Raises no exception."""
        worker = Worker(self._name, __version__, running, services.now())
        try:
            services.heartbeats.write(f"{self._name} {os.getpid()}", worker)
        except Exception as error:  # noqa: BLE001 - no error may end the worker's heartbeats
            if not self._is_failing:
                log.warning(
                    "heartbeat.not_written",
                    worker=self._name,
                    error=type(error).__name__,
                    cause=str(error),
                    detail="The worker continues, and counts as gone after 30 seconds.",
                )
            self._is_failing = True
        else:
            self._is_failing = False
