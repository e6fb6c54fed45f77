"""Beat's scheduler: by its interval, and by no clock that anybody sets."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from celery import Celery

from bridge.broker import scheduler
from bridge.broker.scheduler import SteadyScheduler

START = datetime(2026, 5, 13, 14, tzinfo=UTC)
EVERY = 10.0


class Recording(SteadyScheduler):
    """Runs nothing, and remembers what it would have run."""

    def __init__(self) -> None:
        app = Celery("recording", set_as_current=False, broker="memory://")
        app.conf.beat_schedule = {"sweep": {"task": "sweep", "schedule": EVERY}}
        super().__init__(app, lazy=True)
        self.setup_schedule()
        self.ran: list[str] = []

    def apply_entry(self, entry: object, producer: object = None) -> None:  # noqa: ARG002 - Celery's signature
        """Remember the entry."""
        self.ran.append(entry.task)  # type: ignore[attr-defined]  # Celery's entries have no type


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give the seconds that have passed, to be changed by the test."""
    seconds = [0.0]
    monkeypatch.setattr(scheduler, "monotonic", lambda: seconds[0])
    return seconds


def test_an_entry_runs_at_once_and_then_at_its_interval(passed: list[float]) -> None:
    """Late by as much as it was looked at late, and only once then."""
    beat = Recording()
    assert beat.tick() == EVERY
    passed[0] = 4
    assert beat.tick() == EVERY - 4
    assert beat.ran == ["sweep"]
    passed[0] = 35
    assert beat.tick() == EVERY
    assert beat.ran == ["sweep", "sweep"]


@pytest.mark.parametrize("step", [timedelta(minutes=10), timedelta(minutes=-10)])
def test_a_step_of_the_wall_clock_changes_nothing(passed: list[float], step: timedelta) -> None:
    """Neither is anything run because of it, nor anything put off."""
    with time_machine.travel(START) as clock:
        beat = Recording()
        beat.tick()
        clock.shift(step)
        assert beat.tick() == EVERY
        passed[0] = EVERY
        beat.tick()
    assert beat.ran == ["sweep", "sweep"]
