"""The result of reading a value, and the conversions to text and number that all readers use."""

import re
from typing import Any, NamedTuple

_SURROGATE = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{0,20})?")


class Read(NamedTuple):
    """The value that was read. ``flaw`` names what was lost (``unreadable``, ``cut``) or assumed.

    ``Read(None)`` = the value is missing. Flaws become notes on the call's timeline.
    """

    value: Any
    flaw: str | None = None


UNREADABLE = Read(None, "unreadable")
UNRENDERED = Read(None, "unrendered")


def written(value: object) -> str | None:
    """Return a scalar as text; ``None`` = it is none. ``1.0`` (a spreadsheet's ``1``) is ``1``."""
    match value:
        case str():
            return value if value.isascii() else _SURROGATE.sub("\ufffd", value)
        case bool():
            return None
        case float() if value.is_integer():
            return str(int(value))
        case int() | float():
            return str(value)
        case _:
            return None


def number(value: object) -> float | None:
    """Return the number that a scalar is or holds as text; ``None`` = it is no number."""
    text = (written(value) or "").strip()
    return float(text) if _NUMBER.fullmatch(text) else None
