"""When a worker is stuck, and when it only looks so."""

import pytest

from bridge.pace import LOOKS, Pace, strikes

THREADS = 32
REST = Pace(begun=7, held=3, running=2)


def waits() -> int:
    """One message waits."""
    return 1


def test_a_worker_that_stays_idle_beside_work_is_stuck() -> None:
    """Look after look the same, threads free, messages waiting."""
    found = 0
    for _ in range(LOOKS):
        found = strikes(found, REST, REST, THREADS, waits)
    assert found == LOOKS


@pytest.mark.parametrize(
    ("now", "waiting"),
    [
        pytest.param(Pace(8, 3, 2), 1, id="began a task"),
        pytest.param(Pace(7, 2, 1), 1, id="finished a task"),
        pytest.param(Pace(7, 4, 2), 1, id="took one that waits for its time"),
        pytest.param(REST, 0, id="empty queues, or a broker that is away"),
    ],
)
def test_one_sign_of_life_clears_a_worker(now: Pace, waiting: int) -> None:
    """Suspicion begins anew: it does not add up over a day."""
    assert strikes(LOOKS - 1, REST, now, THREADS, lambda: waiting) == 0


def test_a_worker_with_all_threads_busy_is_not_stuck() -> None:
    """Slow media may keep 32 requests waiting for minutes."""
    busy = Pace(begun=40, held=32, running=THREADS)
    assert strikes(LOOKS - 1, busy, busy, THREADS, waits) == 0


def test_the_broker_is_not_asked_about_a_worker_that_moves() -> None:
    """Looking costs a connection: a busy bridge pays for none."""

    def asked() -> int:
        raise AssertionError

    assert strikes(0, REST, Pace(8, 3, 3), THREADS, asked) == 0
