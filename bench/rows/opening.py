"""The family ``opening``: a hold of requests ends with 100,000 due calls, without a burst."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from bench import payloads
from bench.burst import next_seed
from bench.fill import fill, held_call, services_of
from bench.load import LoadResult, send_load
from bench.peer_list import BRIDGE
from bench.plan import Plan
from bench.series import Series, series
from bench.stack import Stack, running
from bench.table import Row, at_most
from bench.window import busiest
from bridge.broker.publisher import SWEEP
from bridge.reasons import Reason
from bridge.services import Services
from bridge.store.hold import Cause

WINDOW = 1.0
PAUSE = 1.0


def rows(plan: Plan) -> Iterator[Row]:
    """Start and end a hold in turn. Measure the requests to AskElephant and ingress latencies."""
    peer = replace(BRIDGE, env={"BRIDGE_ASKELEPHANT_RATE": f"{plan.rate}/s"})
    with running(peer, plan.directory, is_durable=False) as stack:
        services = services_of(stack.valkey.url)
        seconds = 2 * plan.seconds
        _start_hold(services, timedelta(hours=1))
        fill(services, held_call(services, services.now()), plan.due)
        held, released, windows, served = [], [], [], []
        for _ in range(plan.rounds):
            held.append(_load(plan, stack, seconds))
            stack.elephant.forget()
            _end_hold(services)
            time.sleep(PAUSE)
            released.append(_load(plan, stack, seconds))
            _start_hold(services, timedelta(hours=1))
            requests = stack.elephant.seen().all
            windows.append(busiest(requests, WINDOW))
            served.append(len(requests) / (seconds + PAUSE))
            time.sleep(PAUSE)
        yield from _rows(plan, held, released, series(windows), series(served))


def _rows(
    plan: Plan, held: list[LoadResult], released: list[LoadResult], windows: Series, served: Series
) -> Iterator[Row]:
    about = f"hold ends with {plan.due:,} due calls"
    yield Row(f"{about}: requests in AskElephant's busiest second, of the rate",
              windows.times(1 / plan.rate), "x", at_most(1),
              {"rate": series([plan.rate]), "busiest": windows, "mean": served})  # fmt: skip
    before = series(1000 * one.p99 for one in held)
    after = series(1000 * one.p99 for one in released)
    yield Row(f"{about}: ingress p99 at {plan.paced} events/s", after.over(before), "x", at_most(2),
              {"held ms": before, "released ms": after})  # fmt: skip


def _start_hold(services: Services, time: timedelta) -> None:
    services.holds.start(Cause(Reason.THROTTLED), services.now(), services.now() + time)


def _end_hold(services: Services) -> None:
    """End the hold as a worker does after a successful trial request: delete it, start a sweep."""
    services.redis.delete(services.keys.hold())
    services.publisher.publish(SWEEP)


def _load(plan: Plan, stack: Stack, seconds: float) -> LoadResult:
    frames = plan.directory / "paced.frames"
    calls = int(plan.paced * seconds) // 3 + 1
    payloads.write(frames, payloads.requests(calls, next_seed()))
    return send_load(stack.port, frames, seconds=seconds, rate=plan.paced)
