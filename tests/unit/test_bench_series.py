"""Tests for the benchmark's arithmetic: medians, ratios by round, percentiles, windows."""

import pytest

from bench.series import percentile, series
from bench.window import busiest


def test_a_series_has_a_median_between_its_extremes() -> None:
    """One disturbed round changes an extreme and not the median."""
    numbers = series([3, 1, 100])
    assert (numbers.least, numbers.median, numbers.most) == (1, 3, 100)


def test_ratios_are_of_the_same_round() -> None:
    """A ratio compares values of the same round, in which the machine was equally fast."""
    fast_then_slow, other = series([100, 50, 10]), series([50, 25, 5])
    assert fast_then_slow.over(other).values == (2, 2, 2)
    assert other.less(fast_then_slow).values == (-50, -25, -5)
    assert other.plus(fast_then_slow).values == (150, 75, 15)


def test_rounds_that_were_not_paired_are_refused() -> None:
    """A ratio of series with different lengths raises."""
    with pytest.raises(ValueError, match="shorter"):
        series([1, 2]).over(series([1]))


@pytest.mark.parametrize(
    ("percent", "expected"), [(50, 50), (99, 99), (99.5, 100), (100, 100), (0, 1)]
)
def test_a_percentile_is_one_of_the_values(percent: float, expected: float) -> None:
    """A percentile is the value of the nearest rank, in any order of the values."""
    assert percentile([*range(100, 0, -1)], percent) == expected


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], 0),
        ([5.0], 1),
        ([0, 0.5, 0.999], 3),
        ([0, 0.5, 1.0], 2),  # half-open: one second apart is the next window
        ([0.9, 1.0, 1.1, 1.8], 4),  # across the clock's own second
        ([3, 0, 1, 2], 1),
    ],
)
def test_the_busiest_window_may_begin_anywhere(times: list[float], expected: int) -> None:
    """The busiest second is counted from any start, not only from full seconds."""
    assert busiest(times, 1.0) == expected
