"""Publishes Celery tasks by name, without importing them. The sweep replaces lost messages."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Protocol

import structlog
from amqp.exceptions import AMQPError
from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from bridge.domain.call import Call
from bridge.domain.steps import countdown, next_step

DRAIN = "tasks.intake.drain"
SWEEP = "tasks.sweep.sweep"
ROUTINE = "routine"
"""A message header that marks routine sweeps, which beat publishes at every interval."""

BATCH = 16
"""The most calls in one message. With more, one of two workers would get most of a burst."""

BATCH_SECONDS = 0.25
"""Calls whose due times are within this many seconds of each other share a message."""

UNPUBLISHED = (OperationalError, RedisError, AMQPError, OSError)
log = structlog.get_logger(__name__)


class Publisher(Protocol):
    """Publishes tasks for workers. Never raises."""

    def publish(self, task: str, *args: str, countdown: float = 0) -> None:
        """Publish a message by which a worker runs ``task`` after ``countdown`` seconds."""


class CeleryPublisher:
    """Publishes tasks to Celery's broker."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def publish(self, task: str, *args: str, countdown: float = 0) -> None:
        """Send one message. If the broker is unreachable, log this; the sweep publishes later."""
        try:
            self._app.send_task(task, args=args, countdown=countdown or None, retry=False)
        except UNPUBLISHED as error:
            log.warning(
                "task.not_published",
                task=task,
                call_ids=args,
                error=type(error).__name__,
                detail="The broker did not accept the message. The sweep publishes it again.",
            )


def publish_next(
    publisher: Publisher, calls: Iterable[Call], now: datetime, limit: timedelta
) -> None:
    """Publish the task of the next step of each call that is due within ``limit``.

    The sweep publishes the other calls when they are due. Calls that are due at nearly the same
    time share a message.
    """
    waits = defaultdict[str, list[tuple[float, str]]](list)
    for call in calls:
        step, wait = next_step(call), countdown(call, now, limit)
        if step is not None and wait is not None:
            waits[step.task].append((wait, call.call_id))
    for task, due in waits.items():
        publish_batches(publisher, task, due)


def publish_batches(publisher: Publisher, task: str, due: Iterable[tuple[float, str]]) -> None:
    """Publish ``task`` for calls. ``due`` has pairs of the seconds until a call is due, and its id.

    A message has the ids of up to ``BATCH`` calls that are due within ``BATCH_SECONDS``. Its
    countdown ends when the last of these calls is due.
    """
    for countdown_seconds, call_ids in batches(due):
        publisher.publish(task, *call_ids, countdown=countdown_seconds)


def batches(due: Iterable[tuple[float, str]]) -> Iterator[tuple[float, list[str]]]:
    """Group calls into batches; yield for each batch the seconds until it is due, and call ids."""
    batch: list[tuple[float, str]] = []
    for wait, call_id in sorted(due, key=itemgetter(0)):
        if batch and (len(batch) == BATCH or wait - batch[0][0] > BATCH_SECONDS):
            yield batch[-1][0], [one for _, one in batch]
            batch = []
        batch.append((wait, call_id))
    if batch:
        yield batch[-1][0], [one for _, one in batch]
