"""The family ``finished``: a store with a million finished calls, against one with a thousand."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace

from bench import payloads
from bench.burst import Burst, next_seed, run_burst
from bench.fill import INSIGHTS, fill, finished_call, services_of
from bench.load import send_load
from bench.messages import request
from bench.peer_list import BRIDGE
from bench.plan import Plan
from bench.series import Series, series
from bench.settings import API_TOKEN
from bench.stack import Stack, running
from bench.table import Row, at_most

PATHS = ("/api/calls?limit=50", "/api/calls?limit=50&state=complete")
MOST_PAGES = 2000
WARM_UP = 20


def rows(plan: Plan) -> Iterator[Row]:
    """Measure the CPU per call, and the time of a page of the call list, in each store in turn."""
    sizes = {"few": plan.few, "many": plan.many}
    with ExitStack() as exits:
        stacks = {}
        for name, size in sizes.items():
            peer = replace(BRIDGE, name=name)
            stack = exits.enter_context(running(peer, plan.directory, is_durable=False))
            services = services_of(stack.valkey.url)
            fill(services, finished_call(services), size, INSIGHTS)
            stacks[name] = stack
        about = f"{plan.many:,} finished calls, against {plan.few:,}"
        yield from _costs(plan, stacks, about)
        for path in PATHS:
            times = _pages(plan, stacks, path)
            yield Row(f"{about}: `{path}`", times["many"].over(times["few"]), "x", at_most(2),
                      {f"{name} ms": one for name, one in times.items()})  # fmt: skip


def _costs(plan: Plan, stacks: Mapping[str, Stack], about: str) -> Iterator[Row]:
    found: dict[str, list[Burst]] = {name: [] for name in stacks}
    for stack in stacks.values():
        run_burst(plan, stack, WARM_UP, next_seed())
    for _ in range(plan.rounds):
        seed = next_seed()
        for name, stack in stacks.items():
            found[name].append(run_burst(plan, stack, plan.calls, seed))
    costs = {name: series(one.cpu for one in seen) for name, seen in found.items()}
    rates = {name: series(one.per_second for one in seen) for name, seen in found.items()}
    yield Row(f"{about}: CPU per call", costs["many"].over(costs["few"]), "x", at_most(1.1),
              {f"{name} ms": one for name, one in costs.items()})  # fmt: skip
    yield Row(f"{about}: calls per second", rates["many"].over(rates["few"]), "x", None,
              {f"{name}/s": one for name, one in rates.items()})  # fmt: skip


def _pages(plan: Plan, stacks: Mapping[str, Stack], path: str) -> Mapping[str, Series]:
    """Return the median milliseconds of a page of the call list, requested over one connection."""
    one = request("GET", path, {"Authorization": f"Bearer {API_TOKEN}"})
    frames = payloads.write(plan.directory / "pages.frames", [one] * MOST_PAGES)
    found: dict[str, list[float]] = {name: [] for name in stacks}
    for _ in range(plan.rounds):
        for name, stack in stacks.items():
            seen = send_load(stack.port, frames, connections=1, seconds=plan.seconds, status="200")
            found[name].append(1000 * seen.p50)
    return {name: series(values) for name, values in found.items()}
