"""Tests for the benchmark's measure of a steady load, which shows a peer that lags."""

import pytest

from bench.paced import kept, lateness

OFFERED = [number / 100 for number in range(3001)]
"""100 calls a second for 30 seconds."""


@pytest.mark.parametrize("wait", [0.0, 0.2, 2.5])
def test_a_wait_that_is_the_same_for_all_keeps_the_rate(wait: float) -> None:
    """A constant wait does not reduce the share of calls that are completed in time."""
    assert kept(OFFERED, [at + wait for at in OFFERED]) == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize("throughput", [50, 80, 95])
def test_a_peer_with_less_throughput_lags(throughput: int) -> None:
    """Calls that are completed after the load has ended do not count."""
    completed = [number / throughput for number in range(3001)]
    assert kept(OFFERED, completed) == pytest.approx(throughput / 100, abs=0.001)


def test_a_stall_at_the_end_counts() -> None:
    """Calls that were not completed in the last three seconds reduce the share."""
    completed = [at if at < 27 else 40.0 for at in OFFERED]
    assert kept(OFFERED, completed) == pytest.approx(24 / 27, abs=0.001)


def test_lateness_is_from_the_offer_to_the_completion() -> None:
    """Lateness does not depend on the order in which calls are completed."""
    assert lateness([0, 1, 2], [2.5, 0.5, 1.5]) == pytest.approx([0.5, 0.5, 0.5])
