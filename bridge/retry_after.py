"""How long a server asks us to wait. Source: RFC 9110 section 10.2.3 (``Retry-After``)."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(days=1)
"""A longer wait is taken for a mistake of theirs and cut to this."""

_DELTA_SECONDS = re.compile(r"[0-9]{1,20}")


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Return the wait that ``value`` asks for, given in seconds or as an HTTP-date.

    ``None`` = it asks for nothing we can use (missing, garbage, a moment in the past), and the
    caller's own backoff holds.
    """
    text = (value or "").strip()
    if _DELTA_SECONDS.fullmatch(text):
        return timedelta(seconds=min(int(text), int(LONGEST.total_seconds())))
    moment = _http_date(text)
    if moment is None or moment <= now:
        return None
    return min(moment - now, LONGEST)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        # The asctime form names no zone; HTTP-dates are always UTC.
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
