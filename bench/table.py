"""The table of results: each row has a figure, its target, and whether the target is reached.

The table is printed as Markdown. The JSON form also contains the figures of each round.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.series import Series

HEAD = ("what", "measured", "least to most", "must be", "reached", "from")


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a figure: at least ``limit`` if ``is_floor``, else at most ``limit``."""

    limit: float
    is_floor: bool

    def is_reached(self, value: float) -> bool:
        """Return whether ``value`` reaches the target. A value equal to the limit does."""
        return value >= self.limit if self.is_floor else value <= self.limit

    def __str__(self) -> str:
        """Format the target for the table."""
        return f"{'≥' if self.is_floor else '≤'} {number(self.limit)}"


def at_least(limit: float) -> Target:
    """Create the target that a figure is at least ``limit``."""
    return Target(limit, is_floor=True)


def at_most(limit: float) -> Target:
    """Create the target that a figure is at most ``limit``."""
    return Target(limit, is_floor=False)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the results. A figure without a ``target`` is only reported.

    ``sides`` are the measurements from which the figure is computed.
    """

    what: str
    measured: Series
    unit: str = "x"
    target: Target | None = None
    sides: Mapping[str, Series] = field(default_factory=dict)
    note: str = ""

    @property
    def is_reached(self) -> bool | None:
        """Whether the median reaches the target; ``None`` if the row has no target."""
        return None if self.target is None else self.target.is_reached(self.measured.median)

    def cells(self) -> tuple[str, ...]:
        """Return the printed text of each cell of the row."""
        seen = self.measured
        sides = ", ".join(f"{name} {number(one.median)}" for name, one in self.sides.items())
        reached = {None: "", True: "yes", False: "NO"}[self.is_reached]
        source = "; ".join(part for part in (sides, self.note) if part)
        return (
            self.what,
            f"{number(seen.median)} {self.unit}",
            f"{number(seen.least)} to {number(seen.most)}",
            str(self.target or ""),
            reached,
            source,
        )

    def as_json(self) -> dict[str, Any]:
        """Return the row as JSON, with the figures of each round."""
        return {
            "what": self.what,
            "unit": self.unit,
            "median": self.measured.median,
            "rounds": self.measured.values,
            "target": asdict(self.target) if self.target else None,
            "reached": self.is_reached,
            "sides": {name: one.values for name, one in self.sides.items()},
            "note": self.note,
        }


def markdown(rows: Sequence[Row]) -> str:
    """Format the rows as a Markdown table with aligned columns."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEAD))]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_line(line, widths) for line in (lines[0], rule, *lines[1:]))


def document(rows: Sequence[Row], about: Mapping[str, Any]) -> str:
    """Format the rows as JSON, with ``about``, the facts about the run."""
    written = {"about": dict(about), "rows": [row.as_json() for row in rows]}
    return json.dumps(written, indent=1, ensure_ascii=False) + "\n"


THREE_DIGITS = 100
"""From this value on, a number with three significant digits has no fraction."""


def number(value: float) -> str:
    """Format a value with three significant digits, without an exponent: 0.0123, 87.3, 6120."""
    if abs(value) >= THREE_DIGITS:
        return f"{value:.0f}"
    return f"{value:#.3g}".rstrip(".")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
