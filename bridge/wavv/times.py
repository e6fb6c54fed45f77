"""Reads times (date and time of day) in the forms that senders of WAVV's events use.

The forms are epochs in seconds to nanoseconds, ISO 8601, RFC 2822, JavaScript's ``Date`` text, and
dates with slashes if day and month cannot be confused. A date without a time of day is not read,
because it could be a day off.
"""

import re
from contextlib import suppress
from datetime import UTC, datetime, tzinfo

from dateutil import parser

from bridge.wavv.read import UNREADABLE, Read, number

YEARS = range(2000, 2100)
WITHOUT_ZONE, AMBIGUOUS = "without_zone", "ambiguous"
LONGEST = 100
_UNITS = ((10**17, 10**9), (10**14, 10**6), (10**11, 10**3), (0, 1))
"""Pairs of a lowest number and its units per second: an epoch from 10**11 on is in milliseconds."""

_ISO = re.compile(
    r"(\d{4}-?\d\d-?\d\d)[T ](\d\d:?\d\d(?::?\d\d(?:[.,]\d{1,9})?)?)\s?"
    r"(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?(?: UTC)?)?"
)
_COMMENT = re.compile(r"\s*\([^()]*\)\s*$")
_SLASHES = re.compile(r"\s*(?:[A-Za-z]+,?\s+)?(\d{1,2})[/.-](\d{1,2})[/.-]\d{2,4}\b")
_SIGNED = re.compile(r"\b(?:GMT|UTC|UT|[ECMP][SD]T)\s?(?=[+-]\d)")
"""Zone names to remove: JavaScript writes ``GMT-0400`` for a zone behind UTC, and dateutil reads it
as ahead of UTC.

https://github.com/dateutil/dateutil/issues/1478
"""

_CLOCK = re.compile(r"\d:\d\d|\d\s*[AaPp]\.?[Mm]\b")
_ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "UT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7,
    "MDT": -6, "PST": -8, "PDT": -7, "CET": 1, "CEST": 2,
}  # fmt: skip
"""Hours ahead of UTC. RFC 2822, section 4.3, defines the American names."""

_DEFAULTS = (datetime(2000, 1, 1, 1), datetime(2001, 2, 2, 2))  # noqa: DTZ001 - only compared


def moment(value: object, zone: tzinfo = UTC) -> Read:
    """Read a time and convert it to UTC.

    A text without a time zone is read in ``zone``, with the flaw ``without_zone``. A date whose
    month and day may be in either order (``05/06/2026``) is not read, with the flaw ``ambiguous``.
    """
    count = number(value)
    if count is not None:
        unit = next((unit for least, unit in _UNITS if count >= least), 1)
        with suppress(OverflowError, OSError, ValueError):
            at = datetime.fromtimestamp(count / unit, UTC)
            if at.year in YEARS:
                return Read(at)
    if not isinstance(value, str) or len(value) > LONGEST or not value.isascii():
        return UNREADABLE
    text = value.strip()
    iso = _iso(text)
    found, flaw = _other_form(text) if iso is None else Read(iso)
    if found is None:
        return Read(None, flaw)
    if found.year not in YEARS:  # the years 1 and 9999 overflow under an offset
        return UNREADABLE
    if found.tzinfo is None:
        return Read(found.replace(tzinfo=zone).astimezone(UTC), WITHOUT_ZONE)
    return Read(found.astimezone(UTC))


def _iso(text: str) -> datetime | None:
    """Read the usual forms of ISO 8601. ``fromisoformat`` alone accepts any character as separator.

    https://docs.python.org/3/library/datetime.html#datetime.datetime.fromisoformat
    """
    match = _ISO.fullmatch(text.upper())
    if match is None:
        return None
    date, clock, zone = match.groups()
    offset = {None: "", "Z": "+00:00", "UTC": "+00:00", "GMT": "+00:00"}.get(zone, zone)
    try:
        return datetime.fromisoformat(f"{date}T{clock}{(offset or '').removesuffix(' UTC')}")
    except ValueError:
        return None


def _other_form(text: str) -> Read:
    """Read any other form with dateutil. A text without a date or a time of day is unreadable.

    dateutil fills missing parts from a default. If two defaults lead to two results, a part is
    missing: https://github.com/dateutil/dateutil/issues/78
    """
    if match := _SLASHES.match(text):
        one, other = (int(part) for part in match.groups())
        if one != other and max(one, other) <= 12:  # noqa: PLR2004 - months
            return Read(None, AMBIGUOUS)
    text = _SIGNED.sub("", _COMMENT.sub("", text))
    if _CLOCK.search(text) is None:
        return UNREADABLE
    try:
        first, second = (
            parser.parse(text, default=default, tzinfos=_offset) for default in _DEFAULTS
        )
        is_whole = first == second and first.utcoffset() == second.utcoffset()
    except (ValueError, OverflowError, TypeError, IndexError, AttributeError):
        return UNREADABLE
    return Read(first) if is_whole else UNREADABLE


def _offset(name: str | None, offset: int | None) -> int | None:
    """Return a time zone's seconds ahead of UTC. Raises ``ValueError`` for an unknown name."""
    if offset is not None or name is None:
        return offset
    if name not in _ZONES:
        raise ValueError("the zone has no offset, and its name is not known")
    return _ZONES[name] * 3600
