"""The figures of several rounds, with median, extremes and round-by-round arithmetic."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Series:
    """A series with one figure for each round, in the order of the rounds."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of the figures, so that a single disturbed round does not matter."""
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
        """Return the ratio to ``other`` in each round. Both series have the same rounds."""
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
    """Create a series from one figure for each round."""
    return Series(tuple(float(value) for value in values))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the percentile of ``values`` by nearest rank, or 0 if there are no values."""
    if not values:
        return 0.0
    rank = math.ceil(len(values) * percent / 100)
    return sorted(values)[max(rank, 1) - 1]
