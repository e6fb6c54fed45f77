"""Attempts at a step that needs AskElephant: many calls in phases, each one round trip.

Each call has a lease, so that one worker at a time is at it. What breaks for one call is logged
with its id and leaves that call due; it costs no other call of the batch.
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
from bridge.domain.steps import INSIGHTS, REQUEST_BUDGET, Step, is_due
from bridge.errors import DamagedRecord, LeaseLost, NewerRecord
from bridge.pipeline.record import Happened, apply_events
from bridge.services import Services
from bridge.store.changes import Saved
from bridge.store.hold import Admitted, Hold
from bridge.store.lease import Lease
from bridge.store.records import read_insights

log = structlog.get_logger(__name__)
T = TypeVar("T")
NOT_ADMITTED = Admitted()
STORE_AWAY = (RedisConnectionError, RedisTimeoutError)


@dataclass(slots=True, eq=False)
class Attempt:
    """A call that is due for a step, under a lease of ours.

    ``call`` is as last saved, ``insights`` is what was fetched of its engagement so far, ``sent``
    the request to submit it that has left in this attempt.
    """

    call: Call
    lease: Lease
    insights: Mapping[str, Any]
    admission: Admitted = NOT_ADMITTED
    sent: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt: the events that follow, and what is saved with them."""

    events: tuple[e.Event, ...]
    insights: Mapping[str, Any] | None = None
    counts: tuple[str, ...] = ()


Settled = tuple[Attempt, Outcome]


def settled(
    event: e.Event, *, insights: Mapping[str, Any] | None = None, counts: tuple[str, ...] = ()
) -> Outcome:
    """Return the outcome of one event."""
    return Outcome((event,), insights, counts)


@contextmanager
def begin(services: Services, step: Step, call_ids: Iterable[str]) -> Iterator[list[Attempt]]:
    """Yield an attempt for each of the calls that is due for ``step`` and leased by no other.

    The calls are read under their leases: a worker that had one before may just have finished the
    step. A call that cannot be read stays due: a worker of a newer version may read it, or an
    operator repair it.
    """
    ids, now = [*dict.fromkeys(call_ids)], services.now()
    with services.leases.hold(ids, insights=step is INSIGHTS) as leases:
        attempts = []
        for call_id, lease in leases.items():
            record, insights = (*lease.found, None)[:2]
            try:
                call = services.calls.read(call_id, record)
            except NewerRecord:
                log.warning("record.newer", call_id=call_id)
            except DamagedRecord:  # the store has listed and logged it
                log.debug("step.damaged", call_id=call_id)
            else:
                if call is not None and is_due(call, step, now):
                    attempts.append(Attempt(call, lease, read_insights(insights)))
        if len(attempts) < len(ids):
            log.debug("step.not_due", step=step.name, calls=len(ids) - len(attempts))
            at_work = {attempt.call.call_id for attempt in attempts}
            services.leases.give_back({i: one for i, one in leases.items() if i not in at_work})
        yield attempts


def admit(
    services: Services, step: Step, attempts: Sequence[Attempt]
) -> tuple[list[Attempt], list[Settled]]:
    """Return the attempts whose request may leave now, and the wait of each other one.

    Holds are asked once. Under a hold the first call probes it, and the others wait.
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
            wait = e.Deferred(REQUEST_BUDGET, refilled_at, held=True)
            waiting.append((attempt, settled(wait)))
        else:
            attempt.admission = admission
            admitted.append(attempt)
    return admitted, waiting


def save(services: Services, happened: Sequence[tuple[Attempt, e.Event]]) -> list[Attempt]:
    """Save what happened within attempts that go on; return those that are still ours."""
    saved = _save(services, [(attempt, settled(event)) for attempt, event in happened], ends=False)
    return [attempt for attempt in saved if attempt is not None]


def finish(services: Services, outcomes: Sequence[Settled]) -> list[Call]:
    """Save what became of attempts, and give their leases back with that; return the calls."""
    saved = _save(services, outcomes, ends=True)
    return [attempt.call for attempt in saved if attempt is not None]


def each(
    attempts: Iterable[tuple[Attempt, T]], decide: Callable[[Attempt, T], Outcome | None]
) -> list[Settled]:
    """Return the outcome that ``decide`` gives each; what it raises costs that call only."""
    outcomes: list[Settled] = []
    for attempt, value in attempts:
        with isolated(attempt):
            outcome = decide(attempt, value)
            outcomes += [(attempt, outcome)] if outcome is not None else []
    return outcomes


@contextmanager
def isolated(attempt: Attempt) -> Iterator[None]:
    """Log what breaks here for one call, which stays due. Redis being away breaks them all."""
    try:
        yield
    except STORE_AWAY:
        raise
    except Exception:
        log.exception("step.broke", call_id=attempt.call.call_id)


def _save(services: Services, outcomes: Sequence[Settled], *, ends: bool) -> list[Attempt | None]:
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
    return [
        attempt if _is_saved(attempt, result) else None
        for (attempt, _), result in zip(outcomes, results, strict=True)
    ]


def _is_saved(attempt: Attempt, result: Saved | Exception) -> bool:
    """Take the call as it was saved; log what kept it from being saved. It stays due then."""
    call_id = attempt.call.call_id
    if isinstance(result, Saved):
        attempt.call = result.after or attempt.call
    elif isinstance(result, LeaseLost):
        log.warning("lease.lost", call_id=call_id)
    else:
        log.error("step.not_saved", call_id=call_id, exc_info=result)
    return isinstance(result, Saved)
