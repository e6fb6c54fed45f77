"""When each field of a call's metadata was said: by the sender's clock, then by the event's kind.

Most fields were said together, so they are stored together: one stamp and the names it is for,
instead of a stamp for each name, which was a third of a record's bytes.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

Stamp = tuple[float, int]


def _together(stamps: dict[str, Stamp]) -> list[tuple[float, int, str]]:
    names: dict[Stamp, list[str]] = {}
    for name, stamp in stamps.items():
        names.setdefault(stamp, []).append(name)
    return [(*stamp, " ".join(said)) for stamp, said in names.items()]


def _apart(stored: Any) -> Any:  # noqa: ANN401 - pydantic judges what comes out
    """Read either way of storing: records of before have a stamp for each name."""
    if not isinstance(stored, list):
        return stored
    return {name: (at, rank) for at, rank, names in stored for name in names.split(" ")}


Stamps = Annotated[
    dict[str, Stamp],
    BeforeValidator(_apart),
    PlainSerializer(_together, when_used="json"),
]
