"""The sweep: publishes overdue calls again, and deletes old calls and events.

A Celery message is only a hint that a call may be due. If a message is lost, a worker is killed,
the broker is flushed or a webhook does not arrive, the sweep publishes the call later.
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
from bridge.pipeline.record import Happened, apply_events
from bridge.pipeline.slots import KINDS, publish_left
from bridge.services import Services
from bridge.store.lease import Lease

BATCH = 1000
EVENTS_BATCH = 10_000
"""The most events that one sweep deletes. The deletion blocks Redis for some milliseconds."""

MISSED_SWEEPS = 3
"""Sweeps count as stopped if none has ended for this many intervals plus the grace."""

log = structlog.get_logger(__name__)


def are_sweeps_stopped(services: Services, last: datetime | None) -> bool:
    """Return whether sweeps have stopped, for example because beat or all workers are down.

    ``last`` is when the last sweep ended, or ``None`` if no sweep has ended yet.
    """
    longest = MISSED_SWEEPS * services.settings.sweep_interval + services.settings.sweep_grace
    return last is None or services.now() - last > longest


def sweep(services: Services, *, is_routine: bool = False) -> int:
    """Publish overdue calls and delete old calls; return the number of published calls.

    Messages for routine sweeps accumulate in the broker while no worker runs, or if two beats
    publish them. Within half a sweep interval only one of them runs. The others return 0 after one
    round trip to Redis.

    Raises ``LeaseLostError`` if another sweep has begun because this sweep ran too long: only one
    sweep at a time may claim calls. The deletion needs no lease, because a call is deleted only if
    it has not changed since it was read.
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
    """Move the calls whose recording deadline has passed to their next state; return them.

    The next state is ``recorded`` if a link is known or can be fetched, else ``unrecorded``.
    """
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
    """Publish the calls that are overdue for ``step``; return the number of calls.

    For a step that sends requests to AskElephant, no more calls are published than the rate limit
    allows until the next sweep. Under a hold none are published: see ``_publish_probes``.
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
    """Publish for each hold the call that sends the next trial request, if one is due now.

    Returns the number of published calls. Under a hold of all requests it is the call of any step
    with the fewest failures, and under a hold of one step it is a call of that step.
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
