"""Writing what happened onto a call: advance, save, log."""

from typing import Any

import structlog

from bridge.domain.call import Call, State
from bridge.domain.events import Event
from bridge.domain.machine import advance
from bridge.parts import Parts

log = structlog.get_logger(__name__)


def record(
    parts: Parts,
    call: Call,
    event: Event,
    **beside: Any,  # noqa: ANN401 - of many types
) -> Call:
    """Save the call after ``event``; what others saved meanwhile is kept, the event comes on top.

    ``beside`` is what is saved with it, or guards it: see ``Change`` of the store. Raises
    ``LeaseLost`` when a lease among it is no longer ours.
    """
    now, was = parts.now(), call.state

    def after(found: Call | None) -> Call:
        nonlocal was  # where the call is by now, which ``call`` may not know
        before = found or call
        was = before.state
        return advance(before, event, now, parts.policy)

    known = call if call.version else None
    saved = parts.calls.update(call.call_id, after, known=known, **beside) or call
    tell_move(saved, was)
    return saved


def tell_move(saved: Call, was: State) -> None:
    """Log that a call has entered another state, if it has."""
    if saved.state is not was:
        log.info("call.moved", state=saved.state, was=was, reason=saved.reason)
