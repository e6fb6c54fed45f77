"""Stamps: when each field of a call's metadata was sent, and in which event.

A stamp is (time, place). The time is when the event was sent, else when it was received. The place
is the position of the event in the inbox, so that two events never have the same stamp. A record
stores each stamp once, with the names of the fields that have this stamp, because one event sets
most fields of a call. A stamp for each field would need a third of the record's bytes.
"""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

Stamp = tuple[float, int]
"""(time, place). Records of format 1 have a place of 1 to 3, which is before all of the inbox."""

_ENTRY = re.compile(r"(\d{1,13})-(\d{1,6})")
_SEQUENCES = 2**20
"""More events than the inbox can receive within a millisecond."""


def place(entry: str | None) -> int:
    """Return the id of an inbox entry (``milliseconds-sequence``) as one number, or 0 without id.

    A later entry has a larger number.
    """
    match = _ENTRY.fullmatch(entry or "")
    return 0 if match is None else int(match[1]) * _SEQUENCES + int(match[2])


def received_at(entry: str | None) -> float:
    """Return when an inbox entry was received, in seconds since 1970, or 0 if it has no id."""
    return place(entry) // _SEQUENCES / 1000


def _grouped(stamps: dict[str, Stamp]) -> list[tuple[float, int, str]]:
    names: dict[Stamp, list[str]] = {}
    for name, stamp in stamps.items():
        names.setdefault(stamp, []).append(name)
    return [(*stamp, " ".join(fields)) for stamp, fields in names.items()]


def _by_name(stored: Any) -> Any:  # noqa: ANN401 - pydantic validates the result
    """Return the stamps by field name. Records of format 1 are stored in this form already."""
    if not isinstance(stored, list):
        return stored
    return {name: (at, place) for at, place, names in stored for name in names.split(" ")}


Stamps = Annotated[
    dict[str, Stamp],
    BeforeValidator(_by_name),
    PlainSerializer(_grouped, when_used="json"),
]
