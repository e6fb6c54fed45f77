"""A refused event on its way to the call that it names, as an entry of the inbox.

The process that refuses an event does not write records: workers do, one after the other per call.
"""

import json
from dataclasses import asdict, dataclass

REFUSAL = "refusal"
"""The source of these entries."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an authentic event of a call was refused. ``size`` is its body's, in bytes."""

    call_id: str
    reason: str
    event: str | None
    size: int

    def raw(self) -> bytes:
        """Return the entry's body."""
        return json.dumps(asdict(self)).encode()


def read_refusal(raw: bytes) -> Refusal:
    """Return what an entry says."""
    return Refusal(**json.loads(raw))
