"""Attempts at a step that sends requests to AskElephant, for a batch of calls.

A batch runs in phases, and each phase needs one round trip to Redis. A worker has a lease on each
call of its batch, so that only one worker at a time works on a call. An exception for one call is
logged with the id of the call, and the call stays due. The other calls of the batch are not
affected.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bridge.domain import events as e
from bridge.domain.call import Call
from bridge.domain.steps import INSIGHTS, Step, is_due
from bridge.errors import DamagedRecordError, LeaseLostError, NewerRecordError
from bridge.pipeline.record import Happened, apply_events
from bridge.reasons import Reason
from bridge.services import Services
from bridge.store.changes import Saved
from bridge.store.hold import Admitted, Hold
from bridge.store.lease import Lease
from bridge.store.records import read_insights

log = structlog.get_logger(__name__)
T = TypeVar("T")
NOT_ADMITTED = Admitted()
FOR_NEWER = "A worker of the newer version handles it. Update this process."
REPEATED = "The call stays due, and the step is repeated. If it fails again, report these lines."
STORE_AWAY = (RedisConnectionError, RedisTimeoutError)


@dataclass(slots=True, eq=False)
class Attempt:
    """A call that is due for a step, and the lease that this worker has on the call.

    ``call`` is the call as last saved. ``insights`` is the stored document of insights of the call.
    ``sent`` is the body of the submission, or ``None`` before this attempt sends one.
    """

    call: Call
    lease: Lease
    insights: Mapping[str, Any]
    admission: Admitted = NOT_ADMITTED
    sent: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an attempt: the events to apply to the call, and what is saved with them.

    ``insights`` replaces the stored insights. ``counts`` are the names of counters to increase.
    """

    events: tuple[e.Event, ...]
    insights: Mapping[str, Any] | None = None
    counts: tuple[str, ...] = ()


Settled = tuple[Attempt, Outcome]


def settled(
    event: e.Event, *, insights: Mapping[str, Any] | None = None, counts: tuple[str, ...] = ()
) -> Outcome:
    """Create the outcome of an attempt that causes one event."""
    return Outcome((event,), insights, counts)


@contextmanager
def begin(services: Services, step: Step, call_ids: Iterable[str]) -> Iterator[list[Attempt]]:
    """Yield an attempt for each call that is due for ``step`` and not leased by another worker.

    The calls are read after their leases were granted, because the worker that had the lease before
    may have finished the step. A call that cannot be read stays due: a worker of a newer version
    may read it, or an operator may repair its record.
    """
    ids, now = [*dict.fromkeys(call_ids)], services.now()
    with services.leases.hold(ids, insights=step is INSIGHTS) as leases:
        attempts = []
        for call_id, lease in leases.items():
            record, insights = (*lease.found, None)[:2]
            try:
                call = services.calls.read(call_id, record)
            except NewerRecordError:
                log.warning("call.written_by_newer_version", call_id=call_id, detail=FOR_NEWER)
            except DamagedRecordError:  # the store has listed and logged the damaged record
                log.debug("step.record_damaged", call_id=call_id)
            else:
                if call is not None and is_due(call, step, now):
                    attempts.append(Attempt(call, lease, read_insights(call_id, insights)))
        if len(attempts) < len(ids):
            log.debug("step.not_due", step=step.name, calls=len(ids) - len(attempts))
            at_work = {attempt.call.call_id for attempt in attempts}
            services.leases.release({i: one for i, one in leases.items() if i not in at_work})
        yield attempts


def admit(
    services: Services, step: Step, attempts: Sequence[Attempt]
) -> tuple[list[Attempt], list[Settled]]:
    """Return the attempts whose request may be sent now, and the others with how long they wait.

    A request is not sent under a hold (a pause of requests to AskElephant) or beyond the rate
    limit. When a trial request (probe) is due under a hold, one call of the batch may send it.
    """
    if not attempts:
        return [], []
    admissions = services.holds.admit(
        services.now(), step.name, [one.call.call_id for one in attempts]
    )
    admitted: list[Attempt] = []
    waiting: list[Settled] = []
    for attempt, admission in zip(attempts, admissions, strict=True):
        if isinstance(admission, Hold):
            wait = e.Deferred(admission.reason, admission.next_at, held=True)
            waiting.append((attempt, settled(wait)))
        elif (refilled_at := services.rate_limit.acquire()) is not None:
            wait = e.Deferred(Reason.REQUEST_BUDGET, refilled_at, held=True)
            waiting.append((attempt, settled(wait)))
        else:
            attempt.admission = admission
            admitted.append(attempt)
    return admitted, waiting


def save(services: Services, happened: Sequence[tuple[Attempt, e.Event]]) -> list[Attempt]:
    """Save an event of each attempt and keep the leases; return the attempts that were saved."""
    return _save(services, [(attempt, settled(event)) for attempt, event in happened], ends=False)


def finish(services: Services, outcomes: Sequence[Settled]) -> list[Call]:
    """Save the outcomes of attempts and release their leases; return the calls that were saved."""
    return [attempt.call for attempt in _save(services, outcomes, ends=True)]


def each(
    attempts: Iterable[tuple[Attempt, T]], decide: Callable[[Attempt, T], Outcome | None]
) -> list[Settled]:
    """Run ``decide`` with each attempt and its value; return the attempts with their outcomes.

    If ``decide`` raises, the exception is logged and the attempt is left out: see ``isolated``.
    """
    outcomes: list[Settled] = []
    for attempt, value in attempts:
        with isolated(attempt):
            outcome = decide(attempt, value)
            outcomes += [(attempt, outcome)] if outcome is not None else []
    return outcomes


@contextmanager
def isolated(attempt: Attempt) -> Iterator[None]:
    """Log an exception in the work on one call and do not raise it. The call stays due.

    An error of the connection to Redis is raised, because it concerns every call of the batch.
    """
    try:
        yield
    except STORE_AWAY:
        raise
    except Exception:
        log.exception("step.failed_unexpectedly", call_id=attempt.call.call_id, detail=REPEATED)


def _save(services: Services, outcomes: Sequence[Settled], *, ends: bool) -> list[Attempt]:
    """Save the outcomes; return the attempts that were saved. Calls that were not stay due."""
    results = apply_events(services, [
        Happened(
            call=attempt.call,
            events=outcome.events,
            lease=attempt.lease,
            insights=outcome.insights,
            counts=outcome.counts,
            ends=ends,
        )
        for attempt, outcome in outcomes
    ])  # fmt: skip
    saved: list[Attempt] = []
    for (attempt, _), result in zip(outcomes, results, strict=True):
        if isinstance(result, Saved):
            attempt.call = result.after or attempt.call
            saved.append(attempt)
        elif isinstance(result, LeaseLostError):
            log.warning(
                "lease.lost",
                call_id=attempt.call.call_id,
                detail="The step lasted too long. Its result is not saved; the call stays due.",
            )
        else:
            call_id = attempt.call.call_id
            log.error("step.result_not_saved", call_id=call_id, detail=REPEATED, exc_info=result)
    return saved
