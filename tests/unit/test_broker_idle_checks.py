"""Tests for the check whether a worker is stuck."""

import pytest

from bridge.broker.idle_checks import IDLE_CHECKS, Progress, count_idle_checks

THREADS = 32
REST = Progress(begun=7, held=3, running=2)


def waits() -> int:
    """Return the number of waiting messages, which is one."""
    return 1


def test_an_idle_worker_with_waiting_messages_is_stuck() -> None:
    """A worker is stuck after ``IDLE_CHECKS`` equal checks with free threads and messages."""
    found = 0
    for _ in range(IDLE_CHECKS):
        found = count_idle_checks(found, REST, REST, THREADS, waits)
    assert found == IDLE_CHECKS


@pytest.mark.parametrize(
    ("now", "waiting"),
    [
        pytest.param(Progress(8, 3, 2), 1, id="began a task"),
        pytest.param(Progress(7, 2, 1), 1, id="finished a task"),
        pytest.param(Progress(7, 4, 2), 1, id="reserved a delayed task"),
        pytest.param(REST, 0, id="empty queues, or a broker that is away"),
    ],
)
def test_any_progress_resets_the_count(now: Progress, waiting: int) -> None:
    """Progress, or empty queues, resets the count of idle checks to zero."""
    assert count_idle_checks(IDLE_CHECKS - 1, REST, now, THREADS, lambda: waiting) == 0


def test_a_worker_with_all_threads_busy_is_not_stuck() -> None:
    """A worker without a free thread is not stuck, however long its requests last."""
    busy = Progress(begun=40, held=32, running=THREADS)
    assert count_idle_checks(IDLE_CHECKS - 1, busy, busy, THREADS, waits) == 0


def test_the_broker_is_not_queried_for_a_worker_that_makes_progress() -> None:
    """The queue length is read only for a worker without progress."""

    def queried() -> int:
        raise AssertionError

    assert count_idle_checks(0, REST, Progress(8, 3, 3), THREADS, queried) == 0
