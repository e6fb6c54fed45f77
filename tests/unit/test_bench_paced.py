"""The benchmark's measure of a steady load: a peer that lags is reported as lagging."""

import pytest

from bench.paced import kept, lateness

OFFERED = [number / 100 for number in range(3001)]
"""100 calls a second for 30 seconds."""


@pytest.mark.parametrize("wait", [0.0, 0.2, 2.5])
def test_a_wait_that_is_the_same_for_all_keeps_the_rate(wait: float) -> None:
    """Slow is not behind: as many are completed as are offered."""
    assert kept(OFFERED, [at + wait for at in OFFERED]) == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize("throughput", [50, 80, 95])
def test_a_peer_with_less_throughput_lags(throughput: int) -> None:
    """What it completes after the load has ended does not help it."""
    completed = [number / throughput for number in range(3001)]
    assert kept(OFFERED, completed) == pytest.approx(throughput / 100, abs=0.001)


def test_a_stall_at_the_end_counts() -> None:
    """Nothing was completed in the last three seconds."""
    completed = [at if at < 27 else 40.0 for at in OFFERED]
    assert kept(OFFERED, completed) == pytest.approx(24 / 27, abs=0.001)


def test_lateness_is_from_the_offer_to_the_completion() -> None:
    """The order in which calls overtake each other does not matter."""
    assert lateness([0, 1, 2], [2.5, 0.5, 1.5]) == pytest.approx([0.5, 0.5, 0.5])
