"""The table: a row per promise, with what was measured, what must be reached, and whether it was.

It is printed as Markdown, and written as JSON with every round's figures beside it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.series import Series

HEAD = ("what", "measured", "least to most", "must be", "reached", "from")


@dataclass(frozen=True, slots=True)
class Target:
    """What a row must reach: at least ``limit``, or at most."""

    limit: float
    is_floor: bool

    def is_reached(self, value: float) -> bool:
        """Tell whether ``value`` is on the right side; the limit itself is."""
        return value >= self.limit if self.is_floor else value <= self.limit

    def __str__(self) -> str:
        """Return it as it stands in the table."""
        return f"{'≥' if self.is_floor else '≤'} {number(self.limit)}"


def at_least(limit: float) -> Target:
    """Return the target of a figure that shall be high."""
    return Target(limit, is_floor=True)


def at_most(limit: float) -> Target:
    """Return the target of a figure that shall be low."""
    return Target(limit, is_floor=False)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. ``target`` ``None`` = only reported. ``sides`` are the figures it is made of."""

    what: str
    measured: Series
    unit: str = "x"
    target: Target | None = None
    sides: Mapping[str, Series] = field(default_factory=dict)
    note: str = ""

    @property
    def is_reached(self) -> bool | None:
        """Whether the median reaches the target; ``None`` when there is none."""
        return None if self.target is None else self.target.is_reached(self.measured.median)

    def cells(self) -> tuple[str, ...]:
        """Return the row as it is printed."""
        seen = self.measured
        sides = ", ".join(f"{name} {number(one.median)}" for name, one in self.sides.items())
        reached = {None: "", True: "yes", False: "NO"}[self.is_reached]
        told = "; ".join(part for part in (sides, self.note) if part)
        return (
            self.what,
            f"{number(seen.median)} {self.unit}",
            f"{number(seen.least)} to {number(seen.most)}",
            str(self.target or ""),
            reached,
            told,
        )

    def as_json(self) -> dict[str, Any]:
        """Return the row with every round's figures."""
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
    """Return the table, its columns as wide as what is in them."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEAD))]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_line(line, widths) for line in (lines[0], rule, *lines[1:]))


def document(rows: Sequence[Row], about: Mapping[str, Any]) -> str:
    """Return all rows as JSON, with what they were measured on."""
    written = {"about": dict(about), "rows": [row.as_json() for row in rows]}
    return json.dumps(written, indent=1, ensure_ascii=False) + "\n"


THREE_DIGITS = 100
"""From here on three significant digits are whole numbers."""


def number(value: float) -> str:
    """Return three significant digits, without an exponent: 0.0123, 1.25, 87.3, 6120."""
    if abs(value) >= THREE_DIGITS:
        return f"{value:.0f}"
    return f"{value:#.3g}".rstrip(".")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
