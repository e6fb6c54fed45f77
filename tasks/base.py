"""The base class of all tasks: the bridge's services, log context, and Celery's retry."""

import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from celery import Task
from structlog.contextvars import bind_contextvars, clear_contextvars

from bridge.broker.publisher import batches, publish_next
from bridge.domain.call import Call
from bridge.domain.steps import countdown, next_step
from bridge.services import Services, build_services
from config import load_settings

_BUILDING = threading.Lock()


def services() -> Services:
    """Return the services of this process (clients, stores and settings); build them at first use.

    Only one thread builds the services, and the others wait. After a restart all threads begin a
    task at once. If each built the services, this would occupy the interpreter for seconds.
    """
    with _BUILDING:
        return _built()


@lru_cache(maxsize=1)
def _built() -> Services:
    return build_services(load_settings())


class BridgeTask(Task[Any, Any]):
    """Base class of the tasks. A task may run twice, even at the same time in two workers."""

    max_retries = None  # the record of the call decides how often

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:  # noqa: ANN401, ARG002 - Celery's signature
        """Add the task's name and id to every log line of its run."""
        clear_contextvars()
        bind_contextvars(task=self.name, task_id=task_id)

    def go_on(self, calls: Sequence[Call]) -> None:
        """Publish the task of the next step of each call that is due within the countdown limit.

        For calls that need this task again, the task is retried, so that Flower shows a retry. The
        method then raises Celery's ``Retry``.
        """
        now, limit = services().now(), services().policy.countdown_limit
        again = [call for call in calls if (step := next_step(call)) and step.task == self.name]
        others = [call for call in calls if call not in again]
        publish_next(services().publisher, others, now, limit)
        waits = [(countdown(call, now, limit), call.call_id) for call in again]
        retries = batches((wait, call_id) for wait, call_id in waits if wait is not None)
        first, *rest = [*retries] or [(0.0, [])]
        for wait, call_ids in rest:
            services().publisher.publish(self.name, *call_ids, countdown=wait)
        if first[1]:
            raise self.retry(args=tuple(first[1]), countdown=first[0])
