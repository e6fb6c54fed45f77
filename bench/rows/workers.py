"""More worker processes on the same cores: what each further one adds, as far as cores allow."""

from collections.abc import Iterator
from pathlib import Path

from bench.field import bridge_with
from bench.journey import next_seed, travel
from bench.plan import Plan
from bench.series import series
from bench.stack import running
from bench.table import Row

COUNTS = (1, 2, 4, 8)
WARM_UP = 20


def rows(plan: Plan) -> Iterator[Row]:
    """Measure the whole pipeline with each number of workers, in turn in every round."""
    rates: dict[int, list[float]] = {count: [] for count in COUNTS}
    for turn in range(plan.rounds):
        seed = next_seed()
        for count, found in rates.items():
            found.append(_rate(plan, count, seed, plan.directory / f"{turn}-{count}"))
    alone = series(rates[1])
    for count in COUNTS[1:]:
        many = series(rates[count])
        yield Row(f"whole pipeline, {count} workers: of one", many.over(alone), "x", None,
                  {f"{count} workers/s": many, "one/s": alone})  # fmt: skip


def _rate(plan: Plan, count: int, seed: int, directory: Path) -> float:
    """Return the calls per second of a bridge that runs alone: its workers wake up even at rest."""
    directory.mkdir()
    with running(bridge_with(count), directory) as stack:
        travel(plan, stack, WARM_UP, next_seed())
        return travel(plan, stack, plan.calls, seed).per_second
