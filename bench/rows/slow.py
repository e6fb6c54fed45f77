"""The family ``slow``: a slow AskElephant must not lower the throughput, nor delay other work."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from bench import broker, payloads
from bench.burst import SETTLE, Burst, next_seed, run_burst
from bench.elephant import Waits
from bench.fill import schedule_fetches, services_of
from bench.load import PeerError, send_load, sending_load
from bench.peer_list import BRIDGE, TASKIQ, are_installed, bridge_with
from bench.plan import Plan
from bench.series import percentile, series
from bench.stack import Stack, running
from bench.table import Row, at_least, at_most
from bench.timetable import timetable
from bench.watch import looking, recorded, watch
from bridge.domain.call import State
from bridge.services import Services

TAKEN_IN_WITHIN = 60.0
"""The most seconds until all stalled calls are recorded. Then the measurement starts."""

WATCHED_AFTER = 30.0
"""For how many seconds after the last new event and the last due time calls are watched."""

LOOK_SECONDS = 1.0
WARM_UP = 4


def rows(plan: Plan) -> Iterator[Row]:
    """Measure with an AskElephant that responds slowly, and with one that stalls each POST."""
    if not are_installed():
        raise PeerError("taskiq is not installed: run `make bench`")
    yield _throughput(plan)
    with running(bridge_with(1), plan.directory, waits=Waits(post=plan.stalled_wait)) as stack:
        yield from stalled_rows(plan, _stall(plan, stack))


def _throughput(plan: Plan) -> Row:
    wait = plan.slow_wait
    found: dict[str, list[Burst]] = {}
    with ExitStack() as exits:
        stacks = [
            exits.enter_context(running(peer, plan.directory, waits=Waits(wait, wait)))
            for peer in (BRIDGE, TASKIQ)
        ]
        for stack in stacks:
            run_burst(plan, stack, WARM_UP, next_seed(), SETTLE + wait)
        for _ in range(plan.long_rounds):
            seed = next_seed()
            for stack in stacks:
                burst = run_burst(plan, stack, plan.slow_calls, seed, SETTLE + wait)
                found.setdefault(stack.peer.name, []).append(burst)
    rates = {name: series(one.per_second for one in seen) for name, seen in found.items()}
    about = f"AskElephant responds after {wait:g} s, {plan.slow_calls} calls, two workers"
    return Row(f"{about}: calls/s of taskiq", rates["bridge"].over(rates["taskiq"]), "x",
               at_least(1), {f"{name}/s": rate for name, rate in rates.items()})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stalled:
    """The results while AskElephant stalled submissions: delays in seconds, broker every second.

    ``taken_in`` is the number of stalled calls that were recorded at the start. ``left`` is the
    number of calls that were not submitted at the end.
    """

    visible: Sequence[float]
    fetched: Sequence[float]
    looks: Sequence[broker.BrokerLook]
    taken_in: int
    left: int


def stalled_rows(plan: Plan, found: Stalled) -> Iterator[Row]:
    """Return the rows for the time in which AskElephant stalls submissions."""
    about = (
        f"AskElephant responds to a POST after {plan.stalled_wait:g} s, "
        f"{plan.stalled_calls:,} calls, one worker"
    )
    waiting = {"recorded before": series([found.taken_in]), "waiting after": series([found.left])}
    for what, waits, limit in (
        ("a new event is visible, p95", found.visible, at_most(5)),
        ("insights after their due time, p95", found.fetched, at_most(10)),
    ):
        p95, p50 = (series([percentile(waits, percent)]) for percent in (95, 50))
        yield Row(f"{about}: {what}", p95, "s", limit, {"median s": p50, **waiting})
    most = series([max(look.most for look in found.looks)])
    messages = series([max(look.messages for look in found.looks)])
    yield Row(f"{about}: broker messages per waiting step", most, "", at_most(2),
              {"messages in all": messages, "looks": series([len(found.looks)])},
              "the most that named one step of one call, queued or unacknowledged")  # fmt: skip


def _stall(plan: Plan, stack: Stack) -> Stalled:
    """Start submissions that AskElephant stalls. Then measure new events and due insights."""
    services = services_of(stack.valkey.url)
    with looking(lambda: broker.look(stack.valkey.redis), LOOK_SECONDS) as looks:
        taken_in = _take_in(plan, stack, services)
        fetches = schedule_fetches(services, plan.stalled_fetches, plan.stalled_seconds)
        table = timetable(plan.stalled_rate, plan.stalled_seconds, next_seed())
        with sending_load(stack.port, table, plan.directory) as run:
            due = {call_id: run.began + at for call_id, at in table.recorded.items()}
            until = run.began + max(table.due) + WATCHED_AFTER
            visible = watch(due, lambda call_ids: recorded(services, call_ids), until)
            run.wait()
        fetched = lateness(fetches, _first_gets(stack, fetches), time.monotonic())
        left = services.lookup.counts()[State.RECORDED]
    return Stalled(visible, fetched, looks, taken_in, left)


def _take_in(plan: Plan, stack: Stack, services: Services) -> int:
    """Send the calls that will stall. Return how many are recorded after at most 60 seconds.

    No number is an error: a bridge whose intake has stopped is measured, too.
    """
    frames = plan.directory / "stalled.frames"
    payloads.write(frames, payloads.requests(plan.stalled_calls, next_seed()))
    send_load(stack.port, frames)
    deadline = time.monotonic() + TAKEN_IN_WITHIN
    while (count := _recorded_calls(services)) < plan.stalled_calls and time.monotonic() < deadline:
        time.sleep(0.1)
    return count


def _recorded_calls(services: Services) -> int:
    counts = services.lookup.counts()
    return sum(counts.values()) - counts[State.LIVE] - counts[State.ENDED]


def _first_gets(stack: Stack, fetches: Mapping[str, float]) -> Mapping[str, float]:
    """Return the time of the first GET of each engagement.

    Wait for the GETs until at most 30 seconds after the last due time.
    """
    until = max(fetches.values()) + WATCHED_AFTER
    while not fetches.keys() <= (gets := stack.elephant.seen().first_gets).keys():
        if time.monotonic() > until:
            break
        time.sleep(0.1)
    return gets


def lateness(due: Mapping[str, float], came: Mapping[str, float], until: float) -> list[float]:
    """Return the seconds from each due time to the GET, or to ``until`` if there was no GET."""
    return [max(0.0, came.get(key, until) - at) for key, at in due.items()]
