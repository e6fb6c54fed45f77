"""Applies events to calls: computes the next state, saves the record, logs the new state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from bridge.domain.call import Call
from bridge.domain.events import Event
from bridge.domain.machine import advance
from bridge.services import Services
from bridge.store.changes import Edit, Saved
from bridge.store.lease import Lease

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """Events of a call, in order, and what is saved with them.

    ``call`` is the call as last read, or a new call. If another worker has saved the call since,
    the events are applied to the newer record. If ``needs_call`` is true and there is no record,
    nothing is saved. The other fields are those of ``bridge.store.changes.Change``.
    """

    call: Call
    events: Sequence[Event]
    needs_call: bool = False
    lease: Lease | None = None
    insights: Mapping[str, Any] | None = None
    counts: Sequence[str] = ()
    ends: bool = False


def apply_events(services: Services, happened: Sequence[Happened]) -> list[Saved | Exception]:
    """Apply events to calls and save all calls in one round trip; return a result for each call.

    The result is ``Saved``, or the error because of which this call was not saved. The other calls
    are saved. ``CallStore.update_many`` lists the errors.
    """
    now = services.now()

    def edit(one: Happened) -> Edit:
        def decide(found: Call | None) -> Call | None:
            if found is None and one.needs_call:
                return None
            call = found or one.call
            for event in one.events:
                call = advance(call, event, now, services.policy)
            return call

        return Edit(
            call_id=one.call.call_id,
            decide=decide,
            known=one.call if one.call.version else None,
            lease=one.lease,
            insights=one.insights,
            counts=one.counts,
            ends=one.ends,
        )

    results = services.calls.update_many([edit(one) for one in happened])
    for one, result in zip(happened, results, strict=True):
        if isinstance(result, Saved) and result.after is not None:
            log_move(result.before or one.call, result.after)
    return results


def apply_event(services: Services, call: Call, event: Event) -> Call:
    """Apply one event to one call; save and return the call.

    Raises the errors of ``CallStore.update`` if the call cannot be saved.
    """
    (result,) = apply_events(services, [Happened(call=call, events=[event])])
    if isinstance(result, Exception):
        raise result
    return result.after or call


def log_move(before: Call, after: Call) -> None:
    """Log the new state of a call, if its state has changed."""
    if after.state is not before.state:
        log.info("call.state_changed", call_id=after.call_id, state=after.state, was=before.state,
                 reason=after.reason)  # fmt: skip
