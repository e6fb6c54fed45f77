"""The family ``pipeline``: the whole pipeline on two cores, with the same calls for all peers."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

from bench.burst import Burst, next_seed, run_burst
from bench.instruments import stub_alone
from bench.load import PeerError
from bench.peer_list import ARQ, BRIDGE, LEAST, NAIVE, TASKIQ, are_installed
from bench.plan import Plan
from bench.series import Series, series
from bench.stack import running
from bench.table import Row, Target, at_least, at_most

PEERS = (BRIDGE, NAIVE, ARQ, TASKIQ, LEAST)
MUST: Mapping[str, Target] = {"naive": at_least(2.8), "arq": at_least(2), "taskiq": at_least(1.3)}
WARM_UP = 20


def rows(plan: Plan) -> Iterator[Row]:
    """Measure calls per second and CPU per call of each implementation."""
    found = _measure(plan)
    rates = {name: series(one.per_second for one in seen) for name, seen in found.items()}
    costs = {name: series(one.cpu for one in seen) for name, seen in found.items()}
    for other, target in MUST.items():
        yield Row(f"whole pipeline: of {other}", rates["bridge"].over(rates[other]), "x", target,
                  _both(rates, other, "/s"))  # fmt: skip
    yield Row("CPU per call: of naive", costs["bridge"].over(costs["naive"]), "x", at_most(0.4),
              _both(costs, "naive", " ms"))  # fmt: skip
    yield Row("CPU per call: of naive, by two Celery tasks and two httpx requests alone",
              costs["least"].over(costs["naive"]), "x", None, _both(costs, "least", " ms"),
              "the least with one call per task, not with several")  # fmt: skip
    for other, limit in (("taskiq", at_most(0.7)), ("arq", None)):
        yield Row(f"CPU per call: of {other}", costs["bridge"].over(costs[other]), "x", limit,
                  _both(costs, other, " ms"))  # fmt: skip

    needed, stub = series([2 * max(one.most for one in rates.values())]), stub_alone(plan)
    yield Row("the stub, of what the fastest peer needs", stub.times(1 / needed.median), "x",
              at_least(3), {"alone/s": stub, "needed/s": needed},
              "else it would be the limit")  # fmt: skip


def _measure(plan: Plan) -> Mapping[str, list[Burst]]:
    if not are_installed():
        raise PeerError("arq and taskiq are not installed: run `make bench`")
    with ExitStack() as exits:
        stacks = [exits.enter_context(running(peer, plan.directory)) for peer in PEERS]
        for stack in stacks:
            run_burst(plan, stack, WARM_UP, next_seed())
        found: dict[str, list[Burst]] = {peer.name: [] for peer in PEERS}
        for _ in range(plan.rounds):
            seed = next_seed()
            for stack in stacks:
                found[stack.peer.name].append(run_burst(plan, stack, plan.calls, seed))
    return found


def _both(figures: Mapping[str, Series], other: str, unit: str) -> dict[str, Series]:
    return {f"{name}{unit}": figures[name] for name in ("bridge", other)}
