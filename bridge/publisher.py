"""Publishing tasks by name: the bridge never imports them. A message is a hint, and may be lost."""

from datetime import datetime, timedelta
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
"""A header of the sweeps that beat publishes at every interval, whether they are needed or not."""

UNPUBLISHED = (OperationalError, RedisError, AMQPError, OSError)
log = structlog.get_logger(__name__)


class Publisher(Protocol):
    """Something that can ask for a task to be run. It never raises."""

    def publish(self, task: str, *args: str, countdown: float = 0) -> None:
        """Ask for ``task`` to be run with ``args`` after ``countdown`` seconds."""


class CeleryPublisher:
    """Publishes to Celery's broker."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def publish(self, task: str, *args: str, countdown: float = 0) -> None:
        """Send one message. A broker that is away costs a log line: the sweep finds the call."""
        try:
            self._app.send_task(task, args=args, countdown=countdown or None, retry=False)
        except UNPUBLISHED as error:
            log.warning("task.unpublished", task=task, error=type(error).__name__)


def publish_next(publisher: Publisher, call: Call, now: datetime, limit: timedelta) -> None:
    """Publish what the call needs next, if that is soon enough for a countdown."""
    step, wait = next_step(call), countdown(call, now, limit)
    if step is not None and wait is not None:
        publisher.publish(step.task, call.call_id, countdown=wait)
