"""When a worker is stuck, and when it only looks so."""

import pytest

from bridge.broker.idle_checks import IDLE_CHECKS, Progress, count_idle_checks

THREADS = 32
REST = Progress(begun=7, held=3, running=2)


def waits() -> int:
    """One message waits."""
    return 1


def test_a_worker_that_stays_idle_beside_work_is_stuck() -> None:
    """Look after look the same, threads free, messages waiting."""
    found = 0
    for _ in range(IDLE_CHECKS):
        found = count_idle_checks(found, REST, REST, THREADS, waits)
    assert found == IDLE_CHECKS


@pytest.mark.parametrize(
    ("now", "waiting"),
    [
        pytest.param(Progress(8, 3, 2), 1, id="began a task"),
        pytest.param(Progress(7, 2, 1), 1, id="finished a task"),
        pytest.param(Progress(7, 4, 2), 1, id="took one that waits for its time"),
        pytest.param(REST, 0, id="empty queues, or a broker that is away"),
    ],
)
def test_one_sign_of_life_clears_a_worker(now: Progress, waiting: int) -> None:
    """Suspicion begins anew: it does not add up over a day."""
    assert count_idle_checks(IDLE_CHECKS - 1, REST, now, THREADS, lambda: waiting) == 0


def test_a_worker_with_all_threads_busy_is_not_stuck() -> None:
    """Slow media may keep 32 requests waiting for minutes."""
    busy = Progress(begun=40, held=32, running=THREADS)
    assert count_idle_checks(IDLE_CHECKS - 1, busy, busy, THREADS, waits) == 0


def test_the_broker_is_not_asked_about_a_worker_that_moves() -> None:
    """Looking costs a connection: a busy bridge pays for none."""

    def asked() -> int:
        raise AssertionError

    assert count_idle_checks(0, REST, Progress(8, 3, 3), THREADS, asked) == 0
