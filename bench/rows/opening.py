"""A hold ends, and a hundred thousand calls are due: a queue, never a burst."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from bench import payloads
from bench.field import BRIDGE
from bench.fill import fill, held_call, services_of
from bench.journey import next_seed
from bench.load import Seen, shoot
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
BREATH = 1.0


def rows(plan: Plan) -> Iterator[Row]:
    """Close and open it in turn: what AskElephant sees, and what the ingress feels."""
    peer = replace(BRIDGE, env={"BRIDGE_ASKELEPHANT_RATE": f"{plan.rate}/s"})
    with running(peer, plan.directory, is_durable=False) as stack:
        services = services_of(stack.valkey.url)
        seconds = 2 * plan.seconds
        _close(services, timedelta(hours=1))
        fill(services, held_call(services, services.now()), plan.due)
        closed, opened, windows, served = [], [], [], []
        for _ in range(plan.rounds):
            closed.append(_load(plan, stack, seconds))
            stack.elephant.forget()
            _open(services)
            time.sleep(BREATH)
            opened.append(_load(plan, stack, seconds))
            _close(services, timedelta(hours=1))
            requests = stack.elephant.seen().all
            windows.append(busiest(requests, WINDOW))
            served.append(len(requests) / (seconds + BREATH))
            time.sleep(BREATH)
        yield from _told(plan, closed, opened, series(windows), series(served))


def _told(
    plan: Plan, closed: list[Seen], opened: list[Seen], windows: Series, served: Series
) -> Iterator[Row]:
    about = f"hold ends with {plan.due:,} due calls"
    yield Row(f"{about}: requests in AskElephant's busiest second, of the rate",
              windows.times(1 / plan.rate), "x", at_most(1),
              {"rate": series([plan.rate]), "busiest": windows, "mean": served})  # fmt: skip
    before = series(1000 * one.p99 for one in closed)
    after = series(1000 * one.p99 for one in opened)
    yield Row(f"{about}: ingress p99 at {plan.paced} events/s", after.over(before), "x", at_most(2),
              {"closed ms": before, "open ms": after})  # fmt: skip


def _close(services: Services, time: timedelta) -> None:
    services.holds.start(Cause(Reason.THROTTLED), services.now(), services.now() + time)


def _open(services: Services) -> None:
    """Open it as a worker does whose probe was served: it wakes the sweep."""
    services.redis.delete(services.keys.hold())
    services.publisher.publish(SWEEP)


def _load(plan: Plan, stack: Stack, seconds: float) -> Seen:
    frames = plan.directory / "paced.frames"
    calls = int(plan.paced * seconds) // 3 + 1
    payloads.write(frames, payloads.requests(calls, next_seed()))
    return shoot(stack.port, frames, seconds=seconds, rate=plan.paced)
