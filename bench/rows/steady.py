"""The family ``steady``: calls at a constant rate, where each event may wake a worker."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from time import monotonic

from bench.burst import all_gets, next_seed, run_burst
from bench.fill import services_of
from bench.load import PeerError, sending_load
from bench.paced import Paced, pass_steadily
from bench.peer_list import BRIDGE, NAIVE, TASKIQ, are_installed
from bench.plan import Plan
from bench.series import Series, percentile, series
from bench.stack import Peer, Stack, running
from bench.table import Row, at_least, at_most
from bench.timetable import timetable
from bench.watch import recorded, watch

WARM_UP = 20
KEEPS_UP = at_least(0.97)
VISIBLE_WITHIN = 60.0
"""For how many seconds after the last event calls are watched."""

Measured = Mapping[str, Sequence[Paced]]


def rows(plan: Plan) -> Iterator[Row]:
    """Measure at the target rate, at a rate that fits the machine, and at a low rate."""
    if not are_installed():
        raise PeerError("taskiq is not installed: run `make bench`")
    with ExitStack() as exits:
        stacks = _running(plan, exits, BRIDGE, TASKIQ)
        yield from busy_rows(plan.steady_rate, _measure(plan, stacks, plan.steady_rate))
        burst = run_burst(plan, stacks[1], plan.calls, next_seed()).per_second
        rate = plan.steady_share * burst
        note = f"{plan.steady_share:g} of taskiq's burst of {burst:.0f} calls/s on this machine"
        yield from busy_rows(rate, _measure(plan, stacks, rate), note)
    with ExitStack() as exits:
        stacks = _running(plan, exits, BRIDGE, NAIVE)
        yield from thin_rows(plan.thin_rate, _measure(plan, stacks, plan.thin_rate))
        visible = [_visible(plan, stacks[0]) for _ in range(plan.long_rounds)]
        yield visible_row(plan.thin_rate, visible)


def busy_rows(rate: float, found: Measured, note: str = "") -> Iterator[Row]:
    """Return the rows that compare the bridge with taskiq at one rate.

    The notes of the rows also show when taskiq falls behind.
    """
    kept = {name: series(one.kept for one in rounds) for name, rounds in found.items()}
    late = {f"{name} p95 s": series(one.late for one in rounds) for name, rounds in found.items()}
    about = f"steady {rate:.3g} calls/s"
    behind = [name for name, one in kept.items() if not KEEPS_UP.is_reached(one.median)]
    limits = [note] if note else []
    if "taskiq" in behind:
        limits.append("more than this machine can do: taskiq falls behind, too")
    yield Row(f"{about}: completed, of the offered rate", kept["bridge"], "x", KEEPS_UP,
              {"taskiq": kept["taskiq"], **late}, "; ".join(limits))  # fmt: skip
    backlog = f"of a backlog, not of a steady load: {' and '.join(behind)} fell behind"
    yield _cpu_row(about, "taskiq", found, backlog if behind else "")


def thin_rows(rate: float, found: Measured) -> Iterator[Row]:
    """Return the row that compares the bridge with the naive implementation at the low rate."""
    yield _cpu_row(f"steady {rate:.3g} calls/s", "naive", found)


def visible_row(rate: float, rounds: Sequence[Sequence[float]]) -> Row:
    """Return the row with the time from a recorded event until the call's record shows it."""
    p95, p50 = (
        series(1000 * percentile(waits, percent) for waits in rounds) for percent in (95, 50)
    )
    return Row(f"steady {rate:.3g} calls/s: recorded event to visible record, p95", p95, "ms",
               at_most(250), {"median ms": p50})  # fmt: skip


def _cpu_row(about: str, other: str, found: Measured, note: str = "") -> Row:
    costs: dict[str, Series] = {
        name: series(one.cpu for one in rounds) for name, rounds in found.items()
    }
    return Row(f"{about}: CPU per call, of {other}", costs["bridge"].over(costs[other]), "x",
               at_most(1), {f"{name} ms": cost for name, cost in costs.items()}, note)  # fmt: skip


def _running(plan: Plan, exits: ExitStack, *peers: Peer) -> list[Stack]:
    directory = plan.directory / "-".join(peer.name for peer in peers)
    directory.mkdir()
    stacks = [exits.enter_context(running(peer, directory)) for peer in peers]
    for stack in stacks:
        run_burst(plan, stack, WARM_UP, next_seed())
    return stacks


def _measure(plan: Plan, stacks: Sequence[Stack], rate: float) -> Measured:
    found: dict[str, list[Paced]] = {stack.peer.name: [] for stack in stacks}
    for _ in range(plan.long_rounds):
        seed = next_seed()
        for stack in stacks:
            found[stack.peer.name].append(pass_steadily(plan, stack, rate, seed))
    return found


def _visible(plan: Plan, stack: Stack) -> list[float]:
    """Return the seconds until each recorded event was visible in the store.

    Reading the store needs CPU, so the CPU of this run is not measured.
    """
    services = services_of(stack.valkey.url)
    table = timetable(plan.thin_rate, plan.steady_seconds, next_seed())
    stack.elephant.forget()
    with sending_load(stack.port, table, plan.directory) as run:
        due = {call_id: run.began + at for call_id, at in table.recorded.items()}
        until = monotonic() + max(table.due) + VISIBLE_WITHIN
        waits = watch(due, lambda call_ids: recorded(services, call_ids), until)
        run.wait()
    all_gets(stack, len(due))
    return waits
