"""Writing what happened onto a call: advance, save, log."""

from collections.abc import Mapping
from typing import Any

import structlog

from bridge.domain.call import Call, State
from bridge.domain.events import Event
from bridge.domain.machine import advance
from bridge.parts import Parts
from bridge.store.lease import Lease

log = structlog.get_logger(__name__)


def record(
    parts: Parts,
    call: Call,
    event: Event,
    lease: Lease | None = None,
    insights: Mapping[str, Any] | None = None,
) -> Call:
    """Save the call after ``event``; what others saved meanwhile is kept, the event comes on top.

    Raises ``LeaseLost`` when ``lease`` is no longer ours.
    """
    now, was = parts.now(), call.state

    def after(found: Call | None) -> Call:
        nonlocal was  # where the call is by now, which ``call`` may not know
        before = found or call
        was = before.state
        return advance(before, event, now, parts.policy)

    saved = parts.calls.update(call.call_id, after, lease=lease, insights=insights) or call
    if saved.state is not was:
        tell_move(parts, saved, was)
    return saved


def tell_move(parts: Parts, saved: Call, was: State) -> None:
    """Log and count that a call has entered another state."""
    log.info("call.moved", state=saved.state, was=was, reason=saved.reason)
    parts.counters.count(f"calls.{saved.state}")
