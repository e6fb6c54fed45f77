"""The figures of several rounds: their median and extremes, and ratios round by round."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Series:
    """One figure per round, in the order in which they were measured."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median, which a single disturbed round does not change."""
        return float(median(self.values))

    @property
    def least(self) -> float:
        """The smallest figure."""
        return min(self.values)

    @property
    def most(self) -> float:
        """The largest figure."""
        return max(self.values)

    def over(self, other: "Series") -> "Series":
        """Return the ratio to ``other`` in each round. Both were measured in the same rounds."""
        return self._paired(other, lambda ours, theirs: ours / theirs if theirs else math.inf)

    def less(self, other: "Series") -> "Series":
        """Return the difference to ``other`` in each round."""
        return self._paired(other, lambda ours, theirs: ours - theirs)

    def plus(self, other: "Series") -> "Series":
        """Return the sum with ``other`` in each round."""
        return self._paired(other, lambda ours, theirs: ours + theirs)

    def times(self, factor: float) -> "Series":
        """Return the figures multiplied by ``factor``."""
        return Series(tuple(value * factor for value in self.values))

    def _paired(self, other: "Series", combine: Callable[[float, float], float]) -> "Series":
        pairs = zip(self.values, other.values, strict=True)
        return Series(tuple(combine(ours, theirs) for ours, theirs in pairs))


def series(values: Iterable[float]) -> Series:
    """Return the rounds as a series."""
    return Series(tuple(float(value) for value in values))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that ``percent`` of all do not exceed (nearest rank); 0 for no values."""
    if not values:
        return 0.0
    rank = math.ceil(len(values) * percent / 100)
    return sorted(values)[max(rank, 1) - 1]
