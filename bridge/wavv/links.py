"""Reads WAVV's response to ``GET /v3/calls/{id}/recording``: a link, no recording, or a failure.

The body of a 200 is ``{url, expiresAt}`` (WAVV's REST reference, which customers of WAVV can read).
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.call import Problem
from bridge.domain.retry import Failure, Trouble
from bridge.errors import MalformedBodyError
from bridge.outbound.retry_after import retry_after
from bridge.reasons import Reason
from bridge.strict_json import read_object
from bridge.wavv import values
from bridge.wavv.recordings import is_fetchable
from bridge.wavv.times import moment

OK, NOT_FOUND, TOO_MANY = 200, 404, 429
REFUSED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class FreshLink:
    """A freshly signed link to a recording. ``expires_at`` is ``None`` if WAVV did not send it."""

    url: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NoRecording:
    """WAVV has no recording of the call, or not yet."""


RecordingResponse = FreshLink | NoRecording | Failure


def link_or_failure(
    status: int, headers: Mapping[str, str], body: bytes, now: datetime
) -> RecordingResponse:
    """Return the recording's link in a response, ``NoRecording`` or a failure. Never raises.

    A 200 whose link AskElephant cannot fetch counts as unreadable. ``now`` is
    subtracted from a ``Retry-After`` that is a date.
    """
    if status == OK:
        with suppress(MalformedBodyError):
            members = read_object(body)
            url = values.text(members.get("url")).value
            if url is not None and is_fetchable(url):
                return FreshLink(url, moment(members.get("expiresAt")).value)
        return failure(Trouble.TRANSIENT, Reason.WAVV_ANSWER_UNREADABLE, status)
    if status == NOT_FOUND:
        return NoRecording()
    if status in REFUSED:
        return failure(Trouble.CREDENTIALS, Reason.WAVV_KEY_REFUSED, status)
    wait = retry_after(headers.get("retry-after"), now)
    if status == TOO_MANY:
        return Failure(
            Trouble.THROTTLED, Problem(reason=Reason.WAVV_THROTTLED, status=status), wait
        )
    return Failure(Trouble.TRANSIENT, Problem(reason=Reason.WAVV_ERROR, status=status), wait)


def failure(trouble: Trouble, reason: Reason, status: int | None = None) -> Failure:
    """Create a failure of WAVV's API. ``status`` is ``None`` if no response was received."""
    return Failure(trouble, Problem(reason=reason, status=status))
