"""The scheduler of Celery beat, which publishes its tasks by the monotonic clock."""

from time import monotonic
from typing import Any

from celery.beat import Scheduler

from bridge.patch_guard import guard_patch

guard_patch(
    __name__,
    Scheduler,
    {"apply_entry": "self, entry, producer", "producer": None, "schedule": None, "tick": None},
)


class SteadyScheduler(Scheduler):
    """Publishes each task of the schedule at the start, and then at its interval.

    The interval is measured by the monotonic clock. Celery's scheduler uses the wall clock: if that
    clock is set back by ten minutes, no sweep is published for ten minutes.

    https://github.com/celery/celery/issues/3685
    """

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Celery's signature
        super().__init__(*args, **options)
        self._due: dict[str, float] = {}

    def tick(self, *_: Any, **__: Any) -> float:  # noqa: ANN401 - Celery's signature
        """Publish the tasks that are due; return the seconds until the next one is due."""
        now = monotonic()
        for name, entry in self.schedule.items():
            if self._due.get(name, now) <= now:
                self.apply_entry(entry, producer=self.producer)
                every: Any = entry.schedule
                self._due[name] = now + every.seconds
        return max(0.0, min(self._due.values()) - monotonic())
