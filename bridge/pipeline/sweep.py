"""The sweep: publishes overdue calls again, and deletes old calls and events.

A message only says that there may be work. If it is lost, a worker is killed, the broker is flushed
or a webhook does not come, the sweep publishes the call later.
"""

from collections.abc import Sequence
from datetime import datetime
from math import ceil

import structlog

from bridge.broker.publisher import DRAIN, publish_batches
from bridge.domain.call import Call
from bridge.domain.events import DeadlinePassed
from bridge.domain.steps import EXPIRE, STEPS, Step, is_due
from bridge.pipeline.attempt import REPEATED
from bridge.pipeline.places import KINDS, publish_left
from bridge.pipeline.record import Happened, apply_events
from bridge.services import Services
from bridge.store.lease import Lease

BATCH = 1000
EVENTS_BATCH = 10_000
"""The most events that one sweep deletes, which blocks Redis for some milliseconds."""

MISSED_SWEEPS = 3
"""Sweeps count as stopped after so many intervals without one, and the grace."""

log = structlog.get_logger(__name__)


def are_sweeps_stopped(services: Services, last: datetime | None) -> bool:
    """Return whether no sweep has ended for too long: beat or all workers are not running.

    ``last`` is when a sweep ended last; ``None`` = none ever did.
    """
    longest = MISSED_SWEEPS * services.settings.sweep_interval + services.settings.sweep_grace
    return last is None or services.now() - last > longest


def sweep(services: Services, *, is_routine: bool = False) -> int:
    """Publish overdue calls and delete old ones; return how many calls were published.

    Messages for routine sweeps pile up in the broker while no worker runs, or if two beats publish
    them. One of them runs in each half of an interval; the others end after one round trip.

    Raises ``LeaseLostError`` if another sweep has begun because this one ran too long. Only one
    sweep at a time may claim calls. Waking the inbox and deleting need no lease: a call is deleted
    only if it is unchanged since it was read, so two sweeps at once delete no more than one.
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
        until = services.forget_by(now, services.counters.last_saw("sweep"))
        if until is not None:
            oldest = until - services.settings.event_retention
            retired = services.calls.retire(until, BATCH)
            events = services.inbox.trim(oldest, EVENTS_BATCH)
            services.inbox.trim_logs(oldest)
            services.counters.expire_unmapped_agents(services.settings.retention)
            if retired or events:
                log.info("sweep.deleted_expired", calls=retired, events=events)
        services.counters.saw("sweep", services.now())
        if published:
            log.info("sweep.published_due_calls", calls=published)
        return published


def expire(services: Services, call_ids: Sequence[str]) -> list[Call]:
    """Move calls to ``unrecorded`` when their recording deadline has passed; return those."""
    now = services.now()
    due = [one for one in services.calls.load_readable(call_ids) if is_due(one, EXPIRE, now)]
    happened = [Happened(call=call, events=[DeadlinePassed()]) for call in due]
    calls: list[Call] = []
    for call, result in zip(due, apply_events(services, happened), strict=True):
        if isinstance(result, Exception):
            log.error(
                "step.result_not_saved", call_id=call.call_id, detail=REPEATED, exc_info=result
            )
        elif result.after is not None:
            calls.append(result.after)
    return calls


def _publish(services: Services, step: Step, now: datetime, lease: Lease) -> int:
    """Publish the calls that are overdue for ``step``; return how many.

    For a step that sends requests to AskElephant, these are at most the calls that the request
    budget allows until the next sweep, and none under a hold: see ``_publish_probes``.
    """
    most, apart = BATCH, 0.0
    if step.sends_requests:
        rate = services.settings.askelephant_rate
        if rate is not None:
            most = min(BATCH, ceil(services.settings.sweep_interval / rate.apart))
            apart = rate.apart.total_seconds()
        if services.holds.state(now, step.name) is not None:
            most = 0
    kinds = [kind for kind in KINDS if kind.task == step.task]
    names = [kind.name for kind in kinds]
    call_ids = services.due.claim(step, now, most, lease, names) if most else []
    due = [(number * apart, call_id) for number, call_id in enumerate(call_ids)]
    publish_batches(services.publisher, step.task, due)
    return len(call_ids) + sum(publish_left(services, kind) for kind in kinds)


def _publish_probes(services: Services, now: datetime, lease: Lease) -> int:
    """Publish one call as a probe for each hold whose next request may be sent; return how many.

    A hold on all calls is probed by the call of any step that has failed least, and a hold on one
    step by a call of that step.
    """
    asking = [step for step in STEPS if step.sends_requests]
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
