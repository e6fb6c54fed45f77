"""What an answer of AskElephant means: status, headers and body in, a value out.

Source of the table: AskElephant's error page and dialer integration guide.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from bridge.askelephant.models import (
    LONGEST_WORDS,
    Engagement,
    FieldError,
    ProblemBody,
    read_engagement,
)
from bridge.body import read_object
from bridge.domain.call import Problem
from bridge.domain.retry import Failure, Trouble
from bridge.errors import MalformedBody
from bridge.retry_after import retry_after

OK, CREATED = 200, 201
REDIRECTION, CLIENT_ERROR, SERVER_ERROR = 300, 400, 500
UNREADABLE = "askelephant_answer_unreadable"

MEANING: Mapping[int, tuple[Trouble, str]] = {
    401: (Trouble.CREDENTIALS, "credentials_refused"),
    403: (Trouble.CREDENTIALS, "scope_missing"),
    404: (Trouble.MISSING, "engagement_missing"),
    408: (Trouble.TRANSIENT, "askelephant_timeout"),
    409: (Trouble.TRANSIENT, "askelephant_conflict"),
    425: (Trouble.TRANSIENT, "askelephant_error"),
    429: (Trouble.THROTTLED, "throttled"),
}
"""The refusals with a meaning of their own. Every other 4xx says that the request is wrong."""

_INVALID = frozenset({400, 422})
_JSON = re.compile(r"application/([\w.-]+\+)?json\s*(;|$)", re.IGNORECASE)
_OWNER = re.compile("owner", re.IGNORECASE)
_PARTICIPANT = re.compile("participant", re.IGNORECASE)
_MEDIA = re.compile("media|recording", re.IGNORECASE)
_OF_MEDIA = re.compile("(?<![a-z])(media|recording|audio|video)", re.IGNORECASE)
"""In words of theirs; "immediately" holds "media", too."""

_REQUEST_ID_HEADERS = ("x-request-id", "request-id")


def engagement_or_failure(
    status: int, headers: Mapping[str, str], body: bytes, now: datetime
) -> Engagement | Failure:
    """Return the engagement that came, or what kept it from coming. Never raises.

    ``now`` is what a ``Retry-After`` given as a date is counted from.
    """
    headers = {name.lower(): value for name, value in headers.items()}
    if status in {OK, CREATED} and (engagement := _engagement(status, headers, body)):
        return engagement
    told = ProblemBody() if status < CLIENT_ERROR else ProblemBody.model_validate(_members(body))
    trouble, reason = _meaning(status, told)
    problem = Problem(
        reason=reason,
        status=status,
        detail=told.detail or told.title,
        request_id=told.request_id or _request_id(headers),
        errors=tuple(error.model_dump(exclude_none=True) for error in told.errors),
    )
    return Failure(trouble, problem, retry_after(headers.get("retry-after"), now))


def _engagement(status: int, headers: Mapping[str, str], body: bytes) -> Engagement | None:
    """Return the engagement of a success, unless the answer is another thing: a login page, say."""
    if not _JSON.match(headers.get("content-type", "")):
        return None
    created, request_id = status == CREATED, _request_id(headers)
    try:
        return read_engagement(_members(body), created=created, request_id=request_id)
    except ValidationError:
        return None


def _meaning(status: int, told: ProblemBody) -> tuple[Trouble, str]:
    if status in MEANING:
        return MEANING[status]
    if status >= SERVER_ERROR:
        return Trouble.TRANSIENT, "askelephant_error"
    if status < CLIENT_ERROR:
        redirected = status >= REDIRECTION
        return Trouble.TRANSIENT, "askelephant_redirected" if redirected else UNREADABLE
    if status in _INVALID and _blames_owner(told):
        return Trouble.OWNER, "owner_unresolvable"
    if status in _INVALID and _blames_media(told):
        return Trouble.MEDIA, "recording_not_ready"
    return Trouble.REJECTED, "rejected"


def _blames_owner(told: ProblemBody) -> bool:
    """Tell whether the owner is to blame, generously: a wrong guess costs one request more.

    How AskElephant words an unresolvable owner is not documented.
    """
    if not told.errors:
        return bool(_OWNER.search(told.detail or ""))
    return any(_is_of_owner(error) for error in told.errors)


def _is_of_owner(error: FieldError) -> bool:
    field, words = error.field or "", f"{error.code} {error.message}"
    if _OWNER.search(field):
        return True
    return bool(_PARTICIPANT.search(field) and _OWNER.search(words))


def _blames_media(told: ProblemBody) -> bool:
    """Tell whether the recording alone is to blame: it may be late, or its link have expired.

    Whatever else is wrong with the request does not mend itself. How AskElephant words a recording
    that cannot be fetched is not documented.
    """
    if not told.errors:
        return bool(_OF_MEDIA.search(told.detail or ""))
    return all(_is_of_media(error) for error in told.errors)


def _is_of_media(error: FieldError) -> bool:
    """Tell by the field; only an error without one is judged by its words."""
    if error.field:
        return bool(_MEDIA.search(error.field))
    return bool(_OF_MEDIA.search(f"{error.code} {error.message}"))


def _members(body: bytes) -> dict[str, Any]:
    try:
        return read_object(body)
    except MalformedBody:
        return {}


def _request_id(headers: Mapping[str, str]) -> str | None:
    told = (headers[name][:LONGEST_WORDS] for name in _REQUEST_ID_HEADERS if headers.get(name))
    return next(told, None)
