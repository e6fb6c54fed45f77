"""Reads durations in the forms that senders use: ``95``, ``95 s``, ``00:01:35``, ``PT1M35S``."""

import re
from collections.abc import Mapping

from bridge.wavv.read import UNREADABLE, Read, number, written

SECONDS_LIMIT = 7 * 24 * 3600
IN_MILLISECONDS = "in_milliseconds"
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,4}):(\d{1,2})(?:[.,]\d{1,9})?")
_ISO = re.compile(
    r"P(?:(\d{1,2})D)?T?(?:(\d{1,3})H)?(?:(\d{1,5})M)?(?:(\d{1,7})(?:[.,]\d{1,9})?S)?"
)
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([a-z]+)[\s,.]*(?:and\s+)?")
_UNITS: Mapping[str, float] = {
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"), 0.001),
}
_MILLISECOND_KEYS = ("ms", "millis", "milliseconds", "hscallduration")
"""HubSpot's ``hs_call_duration`` is in milliseconds:
https://developers.hubspot.com/docs/api/crm/calls
"""


def seconds(value: object) -> Read:
    """Read a duration as whole seconds. A number above the seconds of a week is in milliseconds."""
    count = number(value)
    if count is None:
        count = _written_out((written(value) or "").strip())
    if count is None or count < 0:
        return UNREADABLE
    if count <= SECONDS_LIMIT:
        return Read(int(count))
    return Read(int(count / 1000), IN_MILLISECONDS) if count / 1000 <= SECONDS_LIMIT else UNREADABLE


def seconds_of(key: str, value: object) -> Read:
    """Read a duration as whole seconds. A key such as ``durationms`` means milliseconds."""
    count = number(value)
    if count is not None and key.endswith(_MILLISECOND_KEYS):
        value = count / 1000
    return seconds(value)


def _written_out(text: str) -> float | None:
    """Return the seconds of ``1:35``, ``PT1M35S`` or ``1 min 35 sec``; ``None`` for other text.

    A text in which a unit occurs twice is unreadable, too.
    """
    if match := _CLOCK.fullmatch(text):
        hours, minutes, rest = (int(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + rest
    if len(text) > len("PT") and (match := _ISO.fullmatch(text.upper())):
        days, hours, minutes, rest = (int(part or 0) for part in match.groups())
        return days * 86400 + hours * 3600 + minutes * 60 + rest
    text, parts, end = text.lower(), [], 0
    while match := _PART.match(text, end):
        parts.append(match.groups())
        end = match.end()
    units = [_UNITS.get(unit) for _, unit in parts]
    if not parts or end < len(text) or None in units or len(set(units)) < len(units):
        return None
    return sum(float(count) * (unit or 0) for (count, _), unit in zip(parts, units, strict=True))
