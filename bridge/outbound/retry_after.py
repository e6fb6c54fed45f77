"""Parses the header ``Retry-After``: how long a server wants us to wait before the next request.

Source: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(days=1)
"""The longest wait that is returned. A longer one is probably a mistake of the server."""

EPOCH = 1_000_000_000
"""A number of at least this is a Unix time (in seconds or a smaller unit), not a wait in seconds.

As a wait this number would be 31 years. As a Unix time it is in 2001.
"""

MILLISECONDS = 100 * EPOCH
"""A Unix time of at least this number is in a smaller unit: in seconds it would be in year 5138."""

_DIGITS = re.compile(r"[0-9]{1,20}")


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Return the wait that the value of a ``Retry-After`` header requires.

    The value may be seconds, an HTTP-date, or a Unix time in seconds, milliseconds, microseconds or
    nanoseconds. Returns ``None`` if ``value`` is missing, unreadable or in the past. The caller
    then uses its own backoff.
    """
    text = (value or "").strip()
    number = int(text) if _DIGITS.fullmatch(text) else None
    if number is not None and number < EPOCH:
        return min(timedelta(seconds=number), LONGEST)
    if number is None:
        try:
            moment = parsedate_to_datetime(text)
            # The asctime form of an HTTP-date names no zone; HTTP-dates are always UTC.
            moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    else:
        unit = 1
        while number // unit >= MILLISECONDS:
            unit *= 1000
        moment = datetime.fromtimestamp(number / unit, UTC)
    return min(moment - now, LONGEST) if moment > now else None
