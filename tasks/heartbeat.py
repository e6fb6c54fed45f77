"""Writes the worker's heartbeat every ten seconds, from its start to the exit of its process."""

import threading
from typing import Any

from celery.bootsteps import StartStopStep

from bridge.pipeline.heartbeat import Heartbeat
from bridge.store.heartbeats import INTERVAL
from tasks.base import services
from tasks.watchdog import progress


class HeartbeatStep(StartStopStep):
    """Starts a thread of the worker that writes heartbeats.

    In the event loop of the worker, a slow Redis would delay tasks.
    https://docs.celeryq.dev/en/stable/userguide/extending.html#worker-bootsteps
    """

    requires = ("celery.worker.components:Pool",)

    def start(self, parent: Any) -> None:  # noqa: ANN401 - Celery's signature
        """Start the thread that writes heartbeats. The thread ends with the process."""
        beat = threading.Thread(
            target=_beat, args=(parent.hostname,), name="heartbeat", daemon=True
        )
        beat.start()


def _beat(name: str) -> None:
    heartbeat, pause = Heartbeat(name), threading.Event()
    while True:
        heartbeat.write(services(), progress().running)
        pause.wait(INTERVAL.total_seconds())
