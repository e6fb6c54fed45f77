"""Reading single values, whose types WAVV's senders do not agree on.

CRM workflows send every value as a string (``"99"``, ``"true"``), forwarders send times as epoch
seconds or milliseconds. A value that cannot be read costs the field, never the event.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

LINE_LIMIT = 1_000
SECONDS_LIMIT = 7 * 24 * 3600
YEARS = range(2000, 2100)
_MILLISECONDS_FROM = 10**11
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{0,20})?")
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Read(NamedTuple):
    """What was read; ``flaw`` says what was lost (``unreadable``, ``cut``)."""

    value: Any
    flaw: str | None = None


UNREADABLE = Read(None, "unreadable")


def text(value: object) -> Read:
    """Read a text of many lines, whole: a transcript is as long as the body may be."""
    written = _written(value)
    return UNREADABLE if written is None else Read(_CONTROLS.sub("", written).strip() or None)


def line(value: object) -> Read:
    """Read a text of one line, cut at 1,000 characters."""
    whole = text(value)
    joined = " ".join(whole.value.split()) if whole.value else whole.value
    if joined and len(joined) > LINE_LIMIT:
        return Read(joined[:LINE_LIMIT], "cut")
    return whole._replace(value=joined)


def word(value: object) -> Read:
    """Read a word whose case says nothing: ``INBOUND`` is ``inbound``."""
    read = line(value)
    return read._replace(value=read.value.lower()) if read.value else read


def seconds(value: object) -> Read:
    """Read a duration in whole seconds, of no more than a week."""
    number = _number(value)
    if number is None or not 0 <= number <= SECONDS_LIMIT:
        return UNREADABLE
    return Read(int(number))


def flag(value: object) -> Read:
    """Read a yes or a no."""
    written = str(value).lower() if isinstance(value, bool) else _written(value)
    known = _FLAGS.get((written or "").strip().lower())
    return UNREADABLE if known is None else Read(known)


def moment(value: object) -> Read:
    """Read ISO 8601, or epoch seconds or milliseconds. Without an offset it is UTC."""
    number = _number(value)
    at = None if number is None else _since_epoch(number)
    if at is None and isinstance(value, str):
        at = _iso(value.strip())
    return UNREADABLE if at is None else Read(at)


def is_https(url: str) -> bool:
    """Tell whether ``url`` is an https URL with a host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)


READERS: Mapping[str, Callable[[object], Read]] = {
    "direction": word,
    "started_at": moment,
    "answered_at": moment,
    "ended_at": moment,
    "seconds": seconds,
    "human": flag,
    "recorded": flag,
    "note": text,
    "summary": text,
    "transcript": text,
    "recording_url": text,
    "call_url": text,
}
"""How each field of the metadata is read; those that are not named here are lines."""


def _written(value: object) -> str | None:
    """Return a scalar as it would be written; spreadsheets make ``1.0`` of an id ``1``."""
    match value:
        case str():
            return _SURROGATE.sub("\ufffd", value)
        case bool():
            return None
        case float() if value.is_integer():
            return str(int(value))
        case int() | float():
            return str(value)
        case _:
            return None


def _number(value: object) -> float | None:
    written = (_written(value) or "").strip()
    return float(written) if _NUMBER.fullmatch(written) else None


def _since_epoch(number: float) -> datetime | None:
    since = number / 1000 if number >= _MILLISECONDS_FROM else number
    try:
        at = datetime.fromtimestamp(since, UTC)
    except (OverflowError, OSError, ValueError):
        return None
    return at if at.year in YEARS else None


def _iso(written: str) -> datetime | None:
    """Return the time, its year checked first: years 1 and 9999 overflow under an offset."""
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    if at.year not in YEARS:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
