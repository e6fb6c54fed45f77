"""How long a server asks us to wait. Source: RFC 9110 section 10.2.3 (``Retry-After``)."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(days=1)
"""A longer wait is taken for a mistake of theirs and cut to this."""

EPOCH = 1_000_000_000
"""A number from here on is a moment (an epoch in seconds or a smaller unit), not a wait.

As a wait it would be 31 years; as a moment it is in 2001.
"""

MILLISECONDS = 100 * EPOCH
"""A number from here on is in milliseconds or a smaller unit: in seconds it is the year 5138."""

_DIGITS = re.compile(r"[0-9]{1,20}")


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Return the wait that ``value`` asks for: in seconds, as an HTTP-date or as an epoch.

    ``None`` = it asks for nothing usable (missing, garbage, a moment in the past), and the caller's
    own backoff holds.
    """
    text = (value or "").strip()
    number = int(text) if _DIGITS.fullmatch(text) else None
    if number is not None and number < EPOCH:
        return min(timedelta(seconds=number), LONGEST)
    moment = _http_date(text) if number is None else _epoch(number)
    if moment is None or moment <= now:
        return None
    return min(moment - now, LONGEST)


def _epoch(number: int) -> datetime:
    """Return the moment of an epoch in seconds, milliseconds, microseconds or nanoseconds."""
    unit = 1
    while number // unit >= MILLISECONDS:
        unit *= 1000
    return datetime.fromtimestamp(number / unit, UTC)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        # The asctime form names no zone; HTTP-dates are always UTC.
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
