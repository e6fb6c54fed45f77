"""The sweep: whatever is overdue is published again, whatever is old is forgotten.

It makes every message a mere hint: a lost one, a killed worker, a flushed broker or a webhook that
never came only cost time.
"""

from collections.abc import Sequence
from datetime import datetime
from math import ceil

import structlog

from bridge.broker.publisher import DRAIN, publish_batches
from bridge.domain.call import Call
from bridge.domain.events import DeadlinePassed
from bridge.domain.steps import EXPIRE, STEPS, Step, is_due
from bridge.pipeline.places import KINDS, publish_left
from bridge.pipeline.record import Happened, apply_events
from bridge.services import Services
from bridge.store.lease import Lease

BATCH = 1000
EVENTS_BATCH = 10_000
"""Dropping so many keeps Redis for some milliseconds; there are several events for each call."""

log = structlog.get_logger(__name__)


def sweep(services: Services, *, is_routine: bool = False) -> int:
    """Publish what is overdue, once over all beats; return how many steps were published.

    Routine sweeps pile up in the broker while no worker runs, or if two beats publish them. One
    of them works in each half of an interval; each other one costs a round trip.

    Raises ``LeaseLost`` when it took so long that another sweep has begun: claiming is what only
    one may do. A second wake-up for the inbox is a hint, as any, and forgetting needs no lease.
    """
    if is_routine and not services.leases.begin_routine_sweep(services.settings.sweep_interval / 2):
        return 0
    with services.leases.hold_sweep() as lease:
        if lease is None:
            return 0
        now = services.now()
        published = sum(_publish(services, step, now, lease) for step in STEPS)
        published += _publish_probes(services, now, lease)
        if services.inbox.backlog().waiting:
            services.publisher.publish(DRAIN)
        _forget(services, now)
        services.counters.saw("sweep", services.now())
        if published:
            log.info("sweep.published", calls=published)
        return published


def expire(services: Services, call_ids: Sequence[str]) -> list[Call]:
    """Let calls go that got no recording in time; return them as saved."""
    now = services.now()
    due = [one for one in services.calls.load_readable(call_ids) if is_due(one, EXPIRE, now)]
    happened = [Happened(call=call, events=[DeadlinePassed()]) for call in due]
    calls: list[Call] = []
    for call, result in zip(due, apply_events(services, happened), strict=True):
        if isinstance(result, Exception):
            log.error("step.not_saved", call_id=call.call_id, exc_info=result)
        elif result.after is not None:
            calls.append(result.after)
    return calls


def _publish(services: Services, step: Step, now: datetime, lease: Lease) -> int:
    most = _allowance(services, step, now)
    kinds = [kind for kind in KINDS if kind.task == step.task]
    names = [kind.name for kind in kinds]
    call_ids = services.due.claim(step, now, most, lease, names) if most else []
    rate = services.settings.askelephant_rate if step.asks_askelephant else None
    apart = rate.apart.total_seconds() if rate else 0
    due = [(number * apart, call_id) for number, call_id in enumerate(call_ids)]
    publish_batches(services.publisher, step.task, due)
    return len(call_ids) + sum(publish_left(services, kind) for kind in kinds)


def _publish_probes(services: Services, now: datetime, lease: Lease) -> int:
    """Publish one call for each hold whose next request may leave; return how many.

    A hold of all calls is probed by the call of any step that has failed least, and a hold of one
    step by a call of that step.
    """
    asking = [step for step in STEPS if step.asks_askelephant]
    holds = services.holds.all(now)
    if holds and not holds[0].step:
        groups = [(holds[0], asking)]
    else:
        groups = [(hold, [s for s in asking if s.name == hold.step]) for hold in holds]
    probes = 0
    for hold, steps in groups:
        if hold.next_at <= now and (probe := services.due.claim_probe(steps, now, lease)):
            step, call_id = probe
            services.publisher.publish(step.task, call_id)
            probes += 1
    return probes


def _allowance(services: Services, step: Step, now: datetime) -> int:
    """Return how many may be published: what the budget allows until the next sweep.

    Under a hold none: see ``_publish_probes``.
    """
    if not step.asks_askelephant:
        return BATCH
    if services.holds.state(now, step.name) is not None:
        return 0
    rate, interval = services.settings.askelephant_rate, services.settings.sweep_interval
    return BATCH if rate is None else min(BATCH, ceil(interval / rate.apart))


def _forget(services: Services, now: datetime) -> None:
    """Drop a batch of what is old. It needs no lease, which may have been lost meanwhile.

    A call is dropped as it was read or not at all, an event when its time has passed and it was
    handled; two who do it at once drop no more than one.
    """
    until = services.forget_by(now, services.counters.last_saw("sweep"))
    if until is None:
        return
    oldest = until - services.settings.event_retention
    calls, events = services.calls.retire(until, BATCH), services.inbox.trim(oldest, EVENTS_BATCH)
    services.inbox.trim_logs(oldest)
    services.counters.expire_unmapped_agents(services.settings.retention)
    if calls or events:
        log.info("sweep.forgot", calls=calls, events=events)
