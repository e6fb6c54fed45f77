"""What a run prints: a line of the table for each fault, and what broke it."""

from collections.abc import Sequence

from tests.chaos.invariant import Kind, counted
from tests.chaos.run import Result

HEAD = ("fault", "calls", *(kind.value for kind in Kind), "recovered", "took")
WIDTHS = (30, 6, 6, 11, 6, 10, 8)
SHOWN = 12


def head() -> str:
    """Return the head of the table."""
    return _line(HEAD)


def row(result: Result) -> str:
    """Return the line of a run."""
    counts = counted(result.breaches)
    recovered = "never" if result.recovered is None else f"{result.recovered:.1f} s"
    kinds = (str(counts.get(kind, 0)) for kind in Kind)
    cells = (result.fault, str(result.calls), *kinds, recovered, f"{result.seconds:.0f} s")
    return _line(cells)


def details(result: Result) -> str:
    """Return what broke, where the logs are, and how to see it again."""
    shown = [f"  {one.kind}: {one.call_id or '(all)'}: {one.why}" for one in result.breaches]
    if len(shown) > SHOWN:
        shown = [*shown[:SHOWN], f"  … and {len(shown) - SHOWN} more"]
    return "\n".join(
        [
            *shown,
            *(f"  broken: {one}" for one in result.broken),
            *(f"  {one}" for one in result.noted),
            f"  logs: {result.directory}",
            f"  again: {replay(result)}",
        ]
    )


def replay(result: Result) -> str:
    """Return the command that plays the same run again."""
    return f"make chaos FAULTS={result.fault} CALLS={result.calls} SEED={result.seed}"


def _line(cells: Sequence[str]) -> str:
    first, *rest = zip(cells, WIDTHS, strict=True)
    return f"{first[0]:<{first[1]}}" + "".join(f"{cell:>{width}}" for cell, width in rest)
