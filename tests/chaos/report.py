"""The output of a run: a row of the table for each fault, and details of its failures."""

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
    """Return the table's row of a run."""
    counts = counted(result.breaches)
    recovered = "never" if result.recovered is None else f"{result.recovered:.1f} s"
    kinds = (str(counts.get(kind, 0)) for kind in Kind)
    cells = (result.fault, str(result.calls), *kinds, recovered, f"{result.seconds:.0f} s")
    return _line(cells)


def details(result: Result) -> str:
    """Return the breaches, the place of the logs and the command that repeats the run."""
    shown = [f"  {each.kind}: {each.call_id or '(all)'}: {each.why}" for each in result.breaches]
    if len(shown) > SHOWN:
        shown = [*shown[:SHOWN], f"  … and {len(shown) - SHOWN} more"]
    return "\n".join(
        [
            *shown,
            *(f"  broken: {text}" for text in result.broken),
            *(f"  {text}" for text in result.noted),
            f"  logs: {result.directory}",
            f"  again: {repeat_command(result)}",
        ]
    )


def repeat_command(result: Result) -> str:
    """Return the command that repeats the run."""
    return f"make chaos FAULTS={result.fault} CALLS={result.calls} SEED={result.seed}"


def _line(cells: Sequence[str]) -> str:
    first, *rest = zip(cells, WIDTHS, strict=True)
    return f"{first[0]:<{first[1]}}" + "".join(f"{cell:>{width}}" for cell, width in rest)
