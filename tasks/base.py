"""What all tasks share: the services of the bridge, log context, and Celery's own retry."""

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
    """Return the services of this process, put together at its first task.

    By one thread: after a restart all of them begin a task at once, and each would take the
    interpreter from the others for seconds, to put together what is thrown away.
    """
    with _BUILDING:
        return _built()


@lru_cache(maxsize=1)
def _built() -> Services:
    return build_services(load_settings())


class BridgeTask(Task[Any, Any]):
    """A task of the bridge. It may run twice, at any time, in two workers."""

    max_retries = None  # how often is decided by the call's own schedule

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:  # noqa: ANN401, ARG002 - Celery's signature
        """Bind the task to every log line of the run."""
        clear_contextvars()
        bind_contextvars(task=self.name, task_id=task_id)

    def go_on(self, calls: Sequence[Call]) -> None:
        """Publish what the calls need next, when that is soon enough.

        Calls that need this step again are a retry of this task: Flower shows it as one.
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
