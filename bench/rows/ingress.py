"""The family ``ingress``: one web process without workers, of each implementation in turn."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import payloads
from bench.instruments import trivial_server, written_alone, written_one_by_one
from bench.load import LoadResult, send_load
from bench.peer_list import BRIDGE, FLOOR, NAIVE, ingress_only
from bench.plan import Plan
from bench.series import Series, series
from bench.stack import Stack, running
from bench.table import Row, at_least, at_most

PEERS = (FLOOR, BRIDGE, NAIVE)
FEW, MANY, ALONE = 32, 128, 1
WARM_UP = 0.5
WRITTEN_PER_SECOND = 3000
WRITTEN_ALONE = 300
GENERATOR = "the load generator"
"""The load generator's name in the results. It is measured with ``bench.peers.trivial``."""

Measured = Mapping[str, Sequence[LoadResult]]


@dataclass(frozen=True, slots=True)
class Targets:
    """The servers that are measured, and the requests that are sent to them."""

    plan: Plan
    stacks: Sequence[Stack]
    frames: Path
    trivial: int


def rows(plan: Plan) -> Iterator[Row]:
    """Measure with 32 and 128 connections, and with one, by which events cannot form batches."""
    frames, events = plan.directory / "ingress.frames", int(plan.seconds * plan.frames_per_second)
    payloads.write(frames, payloads.requests(events // 3, seed=1))
    with ExitStack() as exits:
        stacks = [exits.enter_context(running(ingress_only(p), plan.directory)) for p in PEERS]
        trivial = exits.enter_context(trivial_server(plan))
        targets = Targets(plan, stacks, frames, trivial)
        yield from _few(_measure(targets, FEW))
        yield from _many(_measure(targets, MANY), _written(targets))
        yield from _alone(_measure(targets, ALONE), _one_by_one(targets))


def _measure(targets: Targets, connections: int) -> Measured:
    ports = {stack.peer.name: stack.port for stack in targets.stacks} | {GENERATOR: targets.trivial}
    for port in ports.values():
        send_load(port, targets.frames, connections=connections, seconds=WARM_UP)
    found: dict[str, list[LoadResult]] = {name: [] for name in ports}
    for _ in range(targets.plan.rounds):
        _empty(targets.stacks)
        for name, port in ports.items():
            seen = send_load(
                port, targets.frames, connections=connections, seconds=targets.plan.seconds
            )
            found[name].append(seen)
    return found


def _written(targets: Targets) -> Series:
    """Measure the rate of writing the same events directly to the floor's Valkey, which is idle."""
    redis = targets.stacks[0].valkey.redis
    events = list(payloads.bodies(int(targets.plan.seconds * WRITTEN_PER_SECOND) // 3, seed=1))
    return series(written_alone(redis, events) for _ in range(targets.plan.rounds))


def _one_by_one(targets: Targets) -> Series:
    redis = targets.stacks[0].valkey.redis
    events = list(payloads.bodies(WRITTEN_ALONE, seed=1))
    return series(written_one_by_one(redis, events) for _ in range(targets.plan.rounds))


def _empty(stacks: Sequence[Stack]) -> None:
    """Empty the stores, so that the same events are not treated as re-deliveries."""
    for stack in stacks:
        stack.valkey.redis.flushall()


def _few(measured: Measured) -> Iterator[Row]:
    rates, title = _rates(measured), f"ingress, {FEW} connections"
    yield from _against(rates, title)
    p99 = {name: series(1000 * one.p99 for one in seen) for name, seen in measured.items()}
    yield Row(f"{title}: p99, of the floor's", p99["bridge"].over(p99["floor"]), "x", at_most(2),
              {f"{name} ms": p99[name] for name in ("bridge", "floor", "naive")})  # fmt: skip
    yield Row(f"{GENERATOR}, of the floor", rates[GENERATOR].over(rates["floor"]), "x",
              at_least(3), {"alone/s": rates[GENERATOR]},
              "else it would limit the figures")  # fmt: skip


def _many(measured: Measured, written: Series) -> Iterator[Row]:
    rates, title = _rates(measured), f"ingress, {MANY} connections"
    yield from _against(rates, title)
    yield Row(f"{title}: of pipelined `XADD` alone", rates["bridge"].over(written), "x", None,
              {"bridge/s": rates["bridge"], "XADD/s": written})  # fmt: skip


def _alone(measured: Measured, write: Series) -> Iterator[Row]:
    rates, title = _rates(measured), "ingress, one connection"
    p50 = {name: series(1000 * one.p50 for one in seen) for name, seen in measured.items()}
    yield Row(f"{title}: of naive", rates["bridge"].over(rates["naive"]), "x", at_least(2),
              {f"{name}/s": rates[name] for name in ("bridge", "naive")})  # fmt: skip
    least = p50["naive"].over(p50["floor"].plus(write))
    yield Row(f"{title}: of naive, by the floor and a bare write to the disk", least, "x", None,
              {"naive ms": p50["naive"], "floor ms": p50["floor"], "write ms": write},
              "no store can reach more on this floor")  # fmt: skip
    yield Row(f"{title}: added to the floor's median", p50["bridge"].less(p50["floor"]), "ms",
              at_most(1), {f"{name} ms": p50[name] for name in ("bridge", "floor")})  # fmt: skip


def _against(rates: Mapping[str, Series], title: str) -> Iterator[Row]:
    for other, least in (("floor", 0.8), ("naive", 6)):
        yield Row(f"{title}: of {other}", rates["bridge"].over(rates[other]), "x", at_least(least),
                  {f"{name}/s": rates[name] for name in ("bridge", other)})  # fmt: skip


def _rates(measured: Measured) -> Mapping[str, Series]:
    return {name: series(one.per_second for one in seen) for name, seen in measured.items()}
