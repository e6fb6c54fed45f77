"""What all tasks share: the parts of the bridge, log context, and Celery's own retry."""

from functools import lru_cache
from typing import Any

from celery import Task
from structlog.contextvars import bind_contextvars, clear_contextvars

from bridge.domain.call import Call
from bridge.domain.steps import countdown, next_step
from bridge.parts import Parts, assemble
from bridge.publisher import publish_next
from config import load_settings


@lru_cache(maxsize=1)
def parts() -> Parts:
    """Return the parts of this process, put together at its first task."""
    return assemble(load_settings())


class BridgeTask(Task[Any, Any]):
    """A task of the bridge. It may run twice, at any time, in two workers."""

    max_retries = None  # how often is decided by the call's own schedule

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:  # noqa: ANN401, ARG002 - Celery's signature
        """Bind the task and its call to every log line of the run."""
        clear_contextvars()
        bind_contextvars(task=self.name, task_id=task_id)
        if args:
            bind_contextvars(call_id=args[0])

    def go_on(self, call: Call | None) -> None:
        """Retry this task, or publish another, when the call's next step is soon enough."""
        if call is None:
            return
        now, limit = parts().now(), parts().policy.countdown_limit
        step, wait = next_step(call), countdown(call, now, limit)
        if step is not None and step.task == self.name and wait is not None:
            raise self.retry(countdown=wait)
        publish_next(parts().publisher, call, now, limit)
