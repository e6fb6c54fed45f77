"""The result of reading a value of an event, and conversions of values to text and to numbers."""

import re
from typing import Any, NamedTuple

_SURROGATE = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{0,20})?")


class Read(NamedTuple):
    """The result of reading one value of an event. ``value`` is ``None`` if the value is missing.

    ``flaw`` names what was lost (``unreadable``, ``cut``) or assumed. It becomes a note on the
    call's timeline.
    """

    value: Any
    flaw: str | None = None


UNREADABLE = Read(None, "unreadable")
UNRENDERED = Read(None, "unrendered")


def written(value: object) -> str | None:
    """Return a JSON scalar as text, or ``None`` for any other value.

    A whole float such as ``1.0`` becomes ``1``, because spreadsheets export integers as floats.
    """
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
    """Return a number, or a text that holds a number, as a float; ``None`` for any other value."""
    text = (written(value) or "").strip()
    return float(text) if _NUMBER.fullmatch(text) else None
