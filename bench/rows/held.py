"""The family ``held``: a million calls that wait in the store for a hold of requests to end."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from bench.fill import fill, held_call, services_of
from bench.peer_list import BRIDGE
from bench.plan import Plan
from bench.series import series
from bench.stack import Stack, running
from bench.table import Row, at_most
from bridge.pipeline.sweep import sweep
from bridge.reasons import Reason
from bridge.services import Services
from bridge.store.hold import Cause

OUTAGE = timedelta(hours=12)
SWEEPS = 20
CALM = 10.0
"""Seconds without load before the memory of the workers is measured."""

MEGABYTE = 1024 * 1024
DELIVERIES = 3000
QUICKLY = replace(BRIDGE, env={"BRIDGE_SWEEP_INTERVAL": "1"})
"""The bridge with ten times as many sweeps as by default, so that a memory leak would show."""


def rows(plan: Plan) -> Iterator[Row]:
    """Measure the memory of the workers and of the store, and the time of a sweep."""
    with running(QUICKLY, plan.directory, is_durable=False) as stack:
        services = services_of(stack.valkey.url)
        services.holds.start(Cause(Reason.THROTTLED), services.now(), services.now() + OUTAGE)
        time.sleep(CALM)
        memory, store = stack.workers_usage().resident, stack.valkey.used
        fill(services, held_call(services, services.now() + OUTAGE), plan.many)
        stored = (stack.valkey.used - store) / plan.many
        time.sleep(CALM)
        grown = (stack.workers_usage().resident - memory) / MEGABYTE
        about = f"{plan.many:,} calls held"
        yield Row(f"{about}: the workers' memory grows by", series([grown]), "MB", at_most(30),
                  {"MB before": series([memory / MEGABYTE])})  # fmt: skip
        yield _stored(stack, services, about, stored)
        yield Row(f"{about}: a sweep with nothing due", series(_sweeps(services)), "ms", at_most(5))


def _stored(stack: Stack, services: Services, about: str, record: float) -> Row:
    """Return the row with the store's memory per call.

    The row also shows the memory of the keys that deduplicate a call's events. These keys expire
    with the raw events.
    """
    before = stack.valkey.used
    pipe = services.redis.pipeline(transaction=False)
    for number in range(DELIVERIES):
        pipe.set(services.keys.seen("wavv", str(number)), 1, ex=services.settings.event_retention)
    pipe.execute()
    deduplication = 3 * (stack.valkey.used - before) / DELIVERIES
    return Row(f"{about}: Redis, without the raw events", series([record]), "B a call",
               at_most(2048), {"deduplication": series([deduplication])},
               "the keys for deduplication expire with the events")  # fmt: skip


def _sweeps(services: Services) -> Iterator[float]:
    """Yield the milliseconds of sweeps in this process. None runs during a sweep of a worker."""
    done = 0
    while done < SWEEPS:
        began, ended = time.perf_counter(), services.counters.last_saw("sweep")
        sweep(services)
        seconds = time.perf_counter() - began
        if services.counters.last_saw("sweep") != ended:  # the sweep ran, and was not skipped
            yield 1000 * seconds
            done += 1
