"""Refusals: inbox entries that report a refused event to the call that it names.

The process that refuses an event does not write records. Only workers do, one at a time per call.
"""

import json
from dataclasses import asdict, dataclass

REFUSAL = "refusal"
"""The ``source`` of these inbox entries."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an authentic event of a call was refused. ``size`` is its body's in bytes."""

    call_id: str
    reason: str
    event: str | None
    size: int

    def raw(self) -> bytes:
        """Return the entry's body."""
        return json.dumps(asdict(self)).encode()


def read_refusal(raw: bytes) -> Refusal:
    """Return the refusal in an entry's body."""
    return Refusal(**json.loads(raw))
