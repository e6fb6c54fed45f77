"""The watchdog of a worker: one that takes nothing while its queues hold work ends itself.

A worker can live and be of no use: when a connection to the broker froze without closing, some
versions of Celery, kombu and redis-py wait on it for ever. The time-outs in ``config.broker`` are
against the ways that are known, this is against all others. Whoever started the worker starts it
again: ``bridge up``, Compose, systemd. What it held comes back, as after any kill.

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
"""EX_TEMPFAIL of sysexits.h. No other end of a worker has it."""

ENDING_SECONDS = 30
"""An orderly end may take so long after the last task: its messages are acknowledged, and a broker
that froze lets each acknowledgement wait for its time-out."""

log = structlog.get_logger(__name__)


class Watchdog(StartStopStep):
    """A thread that looks at its worker now and then, from its start to its end."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **options: Any) -> None:  # noqa: ANN401 - Celery's signature
        super().__init__(worker, **options)
        self._ending = threading.Event()
        self._is_blind = False

    def start(self, parent: Any) -> None:  # noqa: ANN401 - Celery's signature
        """Begin to watch."""
        watch = threading.Thread(target=self._run, args=(parent,), name="watchdog", daemon=True)
        watch.start()

    def close(self, parent: Any) -> None:  # noqa: ANN401, ARG002 - Celery's signature
        """Take note that the worker ends: from now on it takes nothing, and should not."""
        self._ending.set()

    def _run(self, worker: Any) -> None:  # noqa: ANN401 - Celery's worker has no type
        self._watch(worker)
        _wait_for_the_end()

    def _watch(self, worker: Any) -> None:  # noqa: ANN401 - as above
        patience = load_settings().worker_stuck_after.total_seconds()
        found, last = 0, _progress()
        while not self._ending.wait(patience / IDLE_CHECKS):
            now = _progress()
            found = count_idle_checks(
                found, last, now, worker.concurrency, lambda: self._waiting(worker)
            )
            last = now
            if found == IDLE_CHECKS and not self._ending.is_set():
                _end("takes nothing while its queues hold messages", patience)

    def _waiting(self, worker: Any) -> int:  # noqa: ANN401 - as above
        """Count what waits; none while that cannot be told, for no error may end the watch."""
        try:
            count = waiting(worker.app)
        except Exception:
            if not self._is_blind:  # told once, not at every look
                log.exception("watchdog.blind")
            self._is_blind = True
            return 0
        self._is_blind = False
        return count


def _wait_for_the_end() -> None:
    """Give an orderly end its time once nothing runs; the thread dies with the process."""
    quiet = 0
    while quiet < ENDING_SECONDS:
        time.sleep(1)
        quiet = 0 if _progress().running else quiet + 1
    _end("does not end, though nothing runs", ENDING_SECONDS)


def _progress() -> Progress:
    return Progress(state.all_total_count[0], len(state.requests), len(state.active_requests))


def _end(what: str, seconds: float) -> None:
    log.error("worker.stuck", detail=what, seconds=seconds, exit_code=EXIT_CODE)
    faulthandler.dump_traceback()  # where each thread hangs: lines of code, no values
    os._exit(EXIT_CODE)  # an orderly end would wait on what is stuck
