"""Tests for Beat's scheduler, which runs by intervals and ignores the wall clock."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from celery import Celery

from bridge.broker import scheduler
from bridge.broker.scheduler import SteadyScheduler

START = datetime(2026, 5, 13, 14, tzinfo=UTC)
EVERY = 10.0


class Recording(SteadyScheduler):
    """A scheduler that records the entries it would run."""

    def __init__(self) -> None:
        app = Celery("recording", set_as_current=False, broker="memory://")
        app.conf.beat_schedule = {"sweep": {"task": "sweep", "schedule": EVERY}}
        super().__init__(app, lazy=True)
        self.setup_schedule()
        self.ran: list[str] = []

    def apply_entry(self, entry: object, producer: object = None) -> None:  # noqa: ARG002 - Celery's signature
        """Record the entry's task."""
        self.ran.append(entry.task)  # type: ignore[attr-defined]  # Celery's entries have no type


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Provide the elapsed seconds in a list of one, which the test changes."""
    seconds = [0.0]
    monkeypatch.setattr(scheduler, "monotonic", lambda: seconds[0])
    return seconds


def test_an_entry_runs_at_once_and_then_at_its_interval(passed: list[float]) -> None:
    """An entry runs at once, then after its interval, and only once after a long pause."""
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
    """A step of the wall clock neither starts nor delays an entry."""
    with time_machine.travel(START) as clock:
        beat = Recording()
        beat.tick()
        clock.shift(step)
        assert beat.tick() == EVERY
        passed[0] = EVERY
        beat.tick()
    assert beat.ran == ["sweep", "sweep"]
