"""Opens the calls that submit extra recordings of a call, and applies the call's events to them.

Such a call is derived from the record of the first one. After a crash, the inbox entry or the
submission runs again and opens the calls that are missing.
"""

from bridge.broker.publisher import publish_next
from bridge.domain.call import Call, ExtraRecording
from bridge.domain.events import CallHeard
from bridge.domain.extras import call_of_extra, event_for_extra
from bridge.pipeline.record import apply_event
from bridge.services import Services


def open_extras(services: Services, call: Call) -> None:
    """Open a call for each extra recording that has none yet."""
    for extra in _separated(call):
        opened = call_of_extra(call, extra, services.now(), services.policy)
        saved = services.calls.update(opened.call_id, lambda found, new=opened: found or new)  # type: ignore[misc]  # bound now
        _publish(services, saved)


def hear_extras(services: Services, call: Call, event: CallHeard) -> None:
    """Apply an event of the call to the calls of its extra recordings; open missing ones."""
    for extra in _separated(call):
        opened = call_of_extra(call, extra, services.now(), services.policy)
        _publish(services, apply_event(services, opened, event_for_extra(extra, event)))


def _separated(call: Call) -> list[ExtraRecording]:
    return [extra for extra in call.extra_recordings if extra.call_id is not None]


def _publish(services: Services, call: Call | None) -> None:
    if call is not None:
        publish_next(services.publisher, [call], services.now(), services.policy.countdown_limit)
