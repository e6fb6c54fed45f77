"""Other recordings of a call, as calls of their own: opened once, and kept up with its events.

They follow from the record of the call that they belong to. Whatever was saved before a crash, the
inbox entry or the submission that is done again opens those that are missing.
"""

from bridge.domain.call import Call, ExtraRecording
from bridge.domain.events import CallHeard
from bridge.domain.extras import call_of_extra, event_for_extra
from bridge.parts import Parts
from bridge.pipeline.record import record
from bridge.publisher import publish_next


def open_extras(parts: Parts, call: Call) -> None:
    """Open the calls of the call's other recordings, those that are not there yet."""
    for extra in _separated(call):
        opened = call_of_extra(call, extra, parts.now(), parts.policy)
        saved = parts.calls.update(opened.call_id, lambda found, new=opened: found or new)  # type: ignore[misc]  # bound now
        _publish(parts, saved)


def hear_extras(parts: Parts, call: Call, event: CallHeard) -> None:
    """Write an event onto the calls of the call's other recordings, opening those not there."""
    for extra in _separated(call):
        opened = call_of_extra(call, extra, parts.now(), parts.policy)
        _publish(parts, record(parts, opened, event_for_extra(extra, event)))


def _separated(call: Call) -> list[ExtraRecording]:
    return [extra for extra in call.extra_recordings if extra.call_id is not None]


def _publish(parts: Parts, call: Call | None) -> None:
    if call is not None:
        publish_next(parts.publisher, call, parts.now(), parts.policy.countdown_limit)
