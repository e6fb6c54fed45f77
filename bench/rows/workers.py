"""The family ``workers``: the bridge with more worker processes on the same cores."""

from collections.abc import Iterator
from pathlib import Path

from bench.burst import next_seed, run_burst
from bench.peer_list import bridge_with
from bench.plan import Plan
from bench.series import series
from bench.stack import running
from bench.table import Row

COUNTS = (1, 2, 4, 8)
WARM_UP = 20


def rows(plan: Plan) -> Iterator[Row]:
    """Measure the whole pipeline in each round with each number of worker processes in turn."""
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
    """Measure the calls per second of a bridge with ``count`` workers.

    No other bridge runs, because its workers would use CPU even without calls.
    """
    directory.mkdir()
    with running(bridge_with(count), directory) as stack:
        run_burst(plan, stack, WARM_UP, next_seed())
        return run_burst(plan, stack, plan.calls, seed).per_second
