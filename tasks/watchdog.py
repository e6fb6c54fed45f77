"""Ends a stuck worker, which begins no task while messages wait in its queues.

If a connection to the broker freezes without closing, some versions of Celery, kombu and redis-py
wait for ever. The timeouts in ``config.broker`` prevent the known cases. In all other cases the
watchdog ends the worker. ``bridge up``, Compose or systemd then starts the worker again, and the
broker redelivers its messages.

https://github.com/celery/celery/issues/10302
"""

import faulthandler
import os
import threading
import time
from typing import Any

import structlog
from celery.bootsteps import StartStopStep
from celery.worker import state

from bridge.broker.idle_checks import IDLE_CHECKS, Progress, count_idle_checks
from bridge.broker.queues import waiting
from bridge.patch_guard import guard_patch
from config import load_settings

guard_patch(__name__, state, {"active_requests": None, "all_total_count": None, "requests": None})

EXIT_CODE = 75
"""EX_TEMPFAIL of sysexits.h. A worker exits with this code for no other reason."""

ENDING_SECONDS = 30
"""The most seconds between the end of the last task and the exit of a worker that is stopping.

In this time the worker acknowledges its messages, and each acknowledgement may wait for a timeout.
"""

BLIND = "The worker continues. Until counting succeeds, the watchdog cannot detect a stuck worker."

log = structlog.get_logger(__name__)


class Watchdog(StartStopStep):
    """A thread that checks its worker regularly, from the start of the worker to its exit."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **options: Any) -> None:  # noqa: ANN401 - Celery's signature
        super().__init__(worker, **options)
        self._ending = threading.Event()
        self._is_blind = False

    def start(self, parent: Any) -> None:  # noqa: ANN401 - Celery's signature
        """Start the thread that checks the worker."""
        watch = threading.Thread(target=self._watch, args=(parent,), name="watchdog", daemon=True)
        watch.start()

    def close(self, parent: Any) -> None:  # noqa: ANN401, ARG002 - Celery's signature
        """Record that the worker is shutting down, so that it is not stuck if it begins no task."""
        self._ending.set()

    def _watch(self, worker: Any) -> None:  # noqa: ANN401 - Celery's worker has no type
        """End the process when the worker is stuck, or when it stops and does not exit."""
        stuck_after = load_settings().worker_stuck_after.total_seconds()
        found, last = 0, progress()
        while not self._ending.wait(stuck_after / IDLE_CHECKS):
            now = progress()
            found = count_idle_checks(
                found, last, now, worker.concurrency, lambda: self._waiting(worker)
            )
            last = now
            if found == IDLE_CHECKS and not self._ending.is_set():
                _end("begins no task while messages wait in its queues", stuck_after)
        quiet = 0
        while quiet < ENDING_SECONDS:  # this thread ends with the process
            time.sleep(1)
            quiet = 0 if progress().running else quiet + 1
        _end("does not exit, though no task runs", ENDING_SECONDS)

    def _waiting(self, worker: Any) -> int:  # noqa: ANN401 - as above
        """Return how many messages wait, or 0 if counting fails. Raises no exception."""
        try:
            count = waiting(worker.app)
        except Exception:
            if not self._is_blind:  # logged once, not at every check
                log.exception("watchdog.cannot_count_messages", detail=BLIND)
            self._is_blind = True
            return 0
        self._is_blind = False
        return count


def progress() -> Progress:
    """Return how many tasks this worker has begun, has not finished, and runs now."""
    return Progress(state.all_total_count[0], len(state.requests), len(state.active_requests))


def _end(what: str, seconds: float) -> None:
    log.error(
        "worker.stuck",
        detail=f"The worker {what}. It exits, to be started again.",
        seconds=seconds,
        exit_code=EXIT_CODE,
    )
    faulthandler.dump_traceback()  # shows where each thread hangs, without values
    os._exit(EXIT_CODE)  # an orderly exit would wait for the stuck thread
