"""Tests for the benchmark's table."""

import pytest

from bench.series import series
from bench.table import Row, Target, at_least, at_most

SEEN = Row("only seen", series([1234.5]), "/s")


@pytest.mark.parametrize(
    ("target", "value", "expected"),
    [
        (at_least(2), 2, True),
        (at_least(2), 1.99, False),
        (at_most(2), 2, True),
        (at_most(2), 2.01, False),
    ],
)
def test_a_target_is_reached_at_its_limit(target: Target, value: float, expected: bool) -> None:  # noqa: FBT001 - a table of cases
    """A value equal to the limit reaches the target."""
    assert target.is_reached(value) is expected


def test_the_median_decides() -> None:
    """The median decides whether a row is reached, not the best or the worst round."""
    best, worst = series([0.1, 0.2, 0.9]), series([0.1, 0.8, 0.9])
    assert Row("", best, target=at_least(0.8)).is_reached is False
    assert Row("", worst, target=at_least(0.8)).is_reached is True
    assert SEEN.is_reached is None
