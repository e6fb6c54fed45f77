"""What reading a value returns, and the two forms that every reader starts from."""

import re
from typing import Any, NamedTuple

_SURROGATE = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{0,20})?")


class Read(NamedTuple):
    """What was read; ``flaw`` says what was lost (``unreadable``, ``cut``) or assumed."""

    value: Any
    flaw: str | None = None


UNREADABLE = Read(None, "unreadable")
UNRENDERED = Read(None, "unrendered")


def written(value: object) -> str | None:
    """Return a scalar as it would be written; spreadsheets make ``1.0`` of an id ``1``."""
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
    """Return the number that a scalar is or holds, or ``None``."""
    text = (written(value) or "").strip()
    return float(text) if _NUMBER.fullmatch(text) else None
