"""Merging what the events of one call say, so that the order of their arrival never matters.

WAVV delivers at least once and unordered, and ``seconds``, ``outcome`` or ``disposition`` may
change after the first event. Each field keeps the value that was *said* last: by the sender's
clock, then by the event's kind, then by the value itself, so that any order ends in the same
record. Null or missing never erases a value already known.
"""

from typing import Any

from bridge.domain.call import Metadata
from bridge.domain.events import CallHeard
from bridge.domain.stamps import Stamps


def merge(metadata: Metadata, stamps: Stamps, event: CallHeard) -> tuple[Metadata, Stamps]:
    """Return the metadata and its stamps with this event's words merged in."""
    taken = {
        field: value
        for field, value in event.metadata
        if value is not None and _is_later(field, value, metadata, stamps, event)
    }
    if not taken:
        return metadata, stamps
    return metadata.model_copy(update=taken), stamps | dict.fromkeys(taken, event.stamp)


def _is_later(
    field: str,
    value: Any,  # noqa: ANN401 - metadata fields are of many types
    metadata: Metadata,
    stamps: Stamps,
    event: CallHeard,
) -> bool:
    if field not in stamps:
        return True
    return (event.stamp, str(value)) > (stamps[field], str(getattr(metadata, field)))
