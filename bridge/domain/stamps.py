"""When each field of a call's metadata was sent, and by which event.

A stamp is (time, place). The time is the sender's, else when the event was received; the place is
the event's own in the inbox, so that two events never have the same stamp. Most fields are sent
together, so they are stored together: one stamp and the names it is for, instead of a stamp for
each name, which was a third of a record's bytes.
"""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

Stamp = tuple[float, int]
"""Records of format 1 hold 1 to 3 in the second part: before any place in the inbox."""

_ENTRY = re.compile(r"(\d{1,13})-(\d{1,6})")
_SEQUENCES = 2**20
"""More events than the inbox takes within a millisecond."""


def place(entry: str | None) -> int:
    """Return the place of an inbox entry (``milliseconds-sequence``) as one number; 0 = none."""
    match = _ENTRY.fullmatch(entry or "")
    return 0 if match is None else int(match[1]) * _SEQUENCES + int(match[2])


def received_at(entry: str | None) -> float:
    """Return when an inbox entry was received, in seconds since 1970; 0 = not known."""
    return place(entry) // _SEQUENCES / 1000


def _together(stamps: dict[str, Stamp]) -> list[tuple[float, int, str]]:
    names: dict[Stamp, list[str]] = {}
    for name, stamp in stamps.items():
        names.setdefault(stamp, []).append(name)
    return [(*stamp, " ".join(said)) for stamp, said in names.items()]


def _apart(stored: Any) -> Any:  # noqa: ANN401 - pydantic judges what comes out
    """Read either way of storing: records of before have a stamp for each name."""
    if not isinstance(stored, list):
        return stored
    return {name: (at, place) for at, place, names in stored for name in names.split(" ")}


Stamps = Annotated[
    dict[str, Stamp],
    BeforeValidator(_apart),
    PlainSerializer(_together, when_used="json"),
]
