"""Creates separate calls that submit the extra recordings of a call, and keeps them up to date.

A separate call is derived from the record of the first call. If a worker crashes before it has
created all of them, the event or the submission is handled again, and creates the missing ones.
"""

from bridge.broker.publisher import publish_next
from bridge.domain.call import Call, ExtraRecording
from bridge.domain.events import CallHeard
from bridge.domain.extras import call_of_extra, event_for_extra
from bridge.pipeline.record import apply_event
from bridge.services import Services


def open_extras(services: Services, call: Call) -> None:
    """Create the separate call of each extra recording of ``call`` for which there is none yet."""
    for extra in _separated(call):
        opened = call_of_extra(call, extra, services.now(), services.policy)
        saved = services.calls.update(opened.call_id, lambda found, new=opened: found or new)  # type: ignore[misc]  # bound now
        _publish(services, saved)


def hear_extras(services: Services, call: Call, event: CallHeard) -> None:
    """Apply an event of ``call`` to the separate calls of its extra recordings.

    Missing separate calls are created.
    """
    for extra in _separated(call):
        opened = call_of_extra(call, extra, services.now(), services.policy)
        _publish(services, apply_event(services, opened, event_for_extra(extra, event)))


def _separated(call: Call) -> list[ExtraRecording]:
    return [extra for extra in call.extra_recordings if extra.call_id is not None]


def _publish(services: Services, call: Call | None) -> None:
    if call is not None:
        publish_next(services.publisher, [call], services.now(), services.policy.countdown_limit)
