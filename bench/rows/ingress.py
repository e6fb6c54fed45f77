"""The ingress: one web process, no workers; each peer in turn, in every round."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import payloads
from bench.field import BRIDGE, FLOOR, NAIVE, ingress_only
from bench.instruments import trivial_server, written_alone, written_one_by_one
from bench.load import Seen, shoot
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
"""Its name among the peers: it meets a server that does nothing."""

Measured = Mapping[str, Sequence[Seen]]


@dataclass(frozen=True, slots=True)
class Range:
    """What is shot at, and with what."""

    plan: Plan
    stacks: Sequence[Stack]
    frames: Path
    trivial: int


def rows(plan: Plan) -> Iterator[Row]:
    """Measure at 32 and 128 connections, and at one, where nothing can be batched."""
    frames, events = plan.directory / "ingress.frames", int(plan.seconds * plan.frames_per_second)
    payloads.write(frames, payloads.requests(events // 3, seed=1))
    with ExitStack() as exits:
        stacks = [exits.enter_context(running(ingress_only(p), plan.directory)) for p in PEERS]
        trivial = exits.enter_context(trivial_server(plan))
        at = Range(plan, stacks, frames, trivial)
        yield from _few(_measure(at, FEW))
        yield from _many(_measure(at, MANY), _written(at))
        yield from _alone(_measure(at, ALONE), _one_by_one(at))


def _measure(at: Range, connections: int) -> Measured:
    ports = {stack.peer.name: stack.port for stack in at.stacks} | {GENERATOR: at.trivial}
    for port in ports.values():
        shoot(port, at.frames, connections=connections, seconds=WARM_UP)
    found: dict[str, list[Seen]] = {name: [] for name in ports}
    for _ in range(at.plan.rounds):
        _empty(at.stacks)
        for name, port in ports.items():
            seen = shoot(port, at.frames, connections=connections, seconds=at.plan.seconds)
            found[name].append(seen)
    return found


def _written(at: Range) -> Series:
    """Write the same bytes to the floor's Valkey, which nobody else uses."""
    redis = at.stacks[0].valkey.redis
    events = list(payloads.bodies(int(at.plan.seconds * WRITTEN_PER_SECOND) // 3, seed=1))
    return series(written_alone(redis, events) for _ in range(at.plan.rounds))


def _one_by_one(at: Range) -> Series:
    redis = at.stacks[0].valkey.redis
    events = list(payloads.bodies(WRITTEN_ALONE, seed=1))
    return series(written_one_by_one(redis, events) for _ in range(at.plan.rounds))


def _empty(stacks: Sequence[Stack]) -> None:
    """Forget what was sent: the same events are new again."""
    for stack in stacks:
        stack.valkey.redis.flushall()


def _few(measured: Measured) -> Iterator[Row]:
    rates, at = _rates(measured), f"ingress, {FEW} connections"
    yield from _against(rates, at)
    p99 = {name: series(1000 * one.p99 for one in seen) for name, seen in measured.items()}
    yield Row(f"{at}: p99, of the floor's", p99["bridge"].over(p99["floor"]), "x", at_most(2),
              {f"{name} ms": p99[name] for name in ("bridge", "floor", "naive")})  # fmt: skip
    yield Row(f"{GENERATOR}, of the floor", rates[GENERATOR].over(rates["floor"]), "x",
              at_least(3), {"alone/s": rates[GENERATOR]},
              "else it would measure itself")  # fmt: skip


def _many(measured: Measured, written: Series) -> Iterator[Row]:
    rates, at = _rates(measured), f"ingress, {MANY} connections"
    yield from _against(rates, at)
    yield Row(f"{at}: of pipelined `XADD` alone", rates["bridge"].over(written), "x", None,
              {"bridge/s": rates["bridge"], "XADD/s": written})  # fmt: skip


def _alone(measured: Measured, write: Series) -> Iterator[Row]:
    rates, at = _rates(measured), "ingress, one connection"
    p50 = {name: series(1000 * one.p50 for one in seen) for name, seen in measured.items()}
    yield Row(f"{at}: of naive", rates["bridge"].over(rates["naive"]), "x", at_least(2),
              {f"{name}/s": rates[name] for name in ("bridge", "naive")})  # fmt: skip
    least = p50["naive"].over(p50["floor"].plus(write))
    yield Row(f"{at}: of naive, by the floor and a bare write to the disk", least, "x", None,
              {"naive ms": p50["naive"], "floor ms": p50["floor"], "write ms": write},
              "nothing on this floor can reach more")  # fmt: skip
    yield Row(f"{at}: added to the floor's median", p50["bridge"].less(p50["floor"]), "ms",
              at_most(1), {f"{name} ms": p50[name] for name in ("bridge", "floor")})  # fmt: skip


def _against(rates: Mapping[str, Series], at: str) -> Iterator[Row]:
    for other, least in (("floor", 0.8), ("naive", 6)):
        yield Row(f"{at}: of {other}", rates["bridge"].over(rates[other]), "x", at_least(least),
                  {f"{name}/s": rates[name] for name in ("bridge", other)})  # fmt: skip


def _rates(measured: Measured) -> Mapping[str, Series]:
    return {name: series(one.per_second for one in seen) for name, seen in measured.items()}
