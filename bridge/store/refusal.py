"""Refusals: inbox entries which report that an event of a call was rejected.

The process that rejects an event does not write the record of the call, because only workers write
records. It adds a refusal to the inbox, and a worker notes the refusal on the timeline of the call.
"""

import json
from dataclasses import asdict, dataclass

REFUSAL = "refusal"
"""The ``source`` of inbox entries that are refusals."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an authentic event of a call was rejected. ``size`` is the size of its body in bytes."""

    call_id: str
    reason: str
    event: str | None
    size: int

    def raw(self) -> bytes:
        """Return the refusal as the body of an inbox entry."""
        return json.dumps(asdict(self)).encode()


def read_refusal(raw: bytes) -> Refusal:
    """Return the refusal from the body of an inbox entry."""
    return Refusal(**json.loads(raw))
