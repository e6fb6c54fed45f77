"""What an answer of AskElephant means: status, headers and body in, a value out.

Source of the table: AskElephant's error page and dialer integration guide.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from bridge.askelephant.models import (
    Engagement,
    FieldError,
    ProblemBody,
    read_engagement,
    read_problem,
)
from bridge.askelephant.refusal import LONGEST_TEXT, blamed_fields
from bridge.domain.call import Problem
from bridge.domain.retry import Failure, Trouble
from bridge.errors import MalformedBodyError
from bridge.outbound.retry_after import retry_after
from bridge.reasons import Reason
from bridge.strict_json import read_object

Members = dict[str, Any]
OK, CREATED, FORBIDDEN = 200, 201, 403
REDIRECTION, CLIENT_ERROR, SERVER_ERROR = 300, 400, 500

MEANING: Mapping[int, tuple[Trouble, Reason]] = {
    401: (Trouble.CREDENTIALS, Reason.CREDENTIALS_REFUSED),
    402: (Trouble.CREDENTIALS, Reason.PAYMENT_REQUIRED),
    403: (Trouble.FORBIDDEN, Reason.SCOPE_MISSING),
    404: (Trouble.MISSING, Reason.ENGAGEMENT_MISSING),
    408: (Trouble.TRANSIENT, Reason.ASKELEPHANT_TIMEOUT),
    409: (Trouble.TRANSIENT, Reason.ASKELEPHANT_CONFLICT),
    425: (Trouble.TRANSIENT, Reason.ASKELEPHANT_ERROR),
    429: (Trouble.THROTTLED, Reason.THROTTLED),
}
"""The refusals with a meaning of their own. Every other 4xx says that the request is wrong."""

ANY_BODY = frozenset({408, 409, 425, 429})
"""Statuses that mean the same from AskElephant and from a gateway before it."""

ANY_JSON = frozenset({400, 401, 402, 422, 424})
"""Refusals of the key or of the request, which name fields in JSON of any shape.

Every other 4xx may be a gateway's JSON, and counts only with AskElephant's own body.
"""

PROBLEM_KEYS = frozenset({"type", "title", "status", "detail", "request_id", "errors"})
"""The members of AskElephant's problems: its error page, and
https://datatracker.ietf.org/doc/html/rfc9457."""

_INVALID = frozenset({400, 422, 424})
_PROBLEM = re.compile(r"application/problem\+json\s*(;|$)", re.IGNORECASE)
_JSON = re.compile(r"application/([\w.-]+\+)?json\s*(;|$)", re.IGNORECASE)
_OWNER = re.compile("owner", re.IGNORECASE)
_OF_OWNER = re.compile(
    r"owner|workspace[ _](user|member)|active[ _]user|user[ _]not[ _]found", re.IGNORECASE
)
"""In text about a participant: only the owner must be a user of the workspace."""

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
    members = None if status < CLIENT_ERROR else _members(body)
    refusal = read_problem(members or {})
    trouble, reason = _meaning(status, headers, members, refusal)
    errors = tuple(error.model_dump(exclude_none=True) for error in refusal.errors)
    problem = Problem(
        reason=reason,
        status=status,
        detail=refusal.detail or refusal.title,
        request_id=refusal.request_id or _request_id(headers),
        errors=errors,
    )
    blamed = blamed_fields(errors, refusal.detail)
    return Failure(trouble, problem, retry_after(headers.get("retry-after"), now), blamed)


def _engagement(status: int, headers: Mapping[str, str], body: bytes) -> Engagement | None:
    """Return the engagement of a success, unless the answer is another thing: a login page, say."""
    if not _JSON.match(headers.get("content-type", "")):
        return None
    created, request_id = status == CREATED, _request_id(headers)
    try:
        return read_engagement(_members(body) or {}, created=created, request_id=request_id)
    except ValidationError:
        return None


def _meaning(
    status: int, headers: Mapping[str, str], members: Members | None, refusal: ProblemBody
) -> tuple[Trouble, Reason]:
    if status >= SERVER_ERROR:
        return Trouble.TRANSIENT, Reason.ASKELEPHANT_ERROR
    if status < CLIENT_ERROR:
        if status >= REDIRECTION:
            return Trouble.TRANSIENT, Reason.ASKELEPHANT_REDIRECTED
        return Trouble.TRANSIENT, Reason.ASKELEPHANT_ANSWER_UNREADABLE
    if status not in ANY_BODY and not _is_own(status, headers, members, refusal):
        return Trouble.TRANSIENT, Reason.GATEWAY_ERROR
    return MEANING.get(status) or _refused(status, refusal)


def _refused(status: int, refusal: ProblemBody) -> tuple[Trouble, Reason]:
    if status in _INVALID and _blames_owner(refusal):
        return Trouble.OWNER, Reason.OWNER_UNRESOLVABLE
    if status in _INVALID and _blames_media(refusal):
        return Trouble.MEDIA, Reason.RECORDING_NOT_READY
    return Trouble.REJECTED, Reason.REJECTED


def _is_own(
    status: int, headers: Mapping[str, str], members: Members | None, refusal: ProblemBody
) -> bool:
    """Return whether AskElephant made this refusal: only JSON can be its own.

    A page of a firewall, proxy or load balancer proves nothing about the call or the key.
    """
    if members is None:
        return False
    if status in ANY_JSON or _PROBLEM.match(headers.get("content-type", "")):
        return True
    if any(error.field for error in refusal.errors):
        return True
    names_scope = status == FORBIDDEN and "scope" in str(members.get("detail", "")).lower()
    return names_scope or "request_id" in members or len(PROBLEM_KEYS & members.keys()) > 1


def _blames_owner(refusal: ProblemBody) -> bool:
    """Return whether the owner is to blame, generously: a wrong guess costs one request more.

    How AskElephant words an unresolvable owner is not documented.
    """
    if not any(error.field for error in refusal.errors):
        texts = [f"{error.code} {error.message}" for error in refusal.errors]
        return bool(_OWNER.search(" ".join([refusal.detail or "", *texts])))
    return any(_is_of_owner(error) for error in refusal.errors)


def _is_of_owner(error: FieldError) -> bool:
    field, words = error.field or "", f"{error.code} {error.message}"
    if _OWNER.search(field):
        return True
    return bool(_PARTICIPANT.search(field) and _OF_OWNER.search(words))


def _blames_media(refusal: ProblemBody) -> bool:
    """Return whether the recording alone is to blame: it may be late, or its link have expired.

    Whatever else is wrong with the request does not pass by itself. How AskElephant words a
    recording that cannot be fetched is not documented.
    """
    if not refusal.errors:
        return bool(_OF_MEDIA.search(refusal.detail or ""))
    return all(_is_of_media(error) for error in refusal.errors)


def _is_of_media(error: FieldError) -> bool:
    """Return whether an error blames the recording: by its field, or without one by its text."""
    if error.field:
        return bool(_MEDIA.search(error.field))
    return bool(_OF_MEDIA.search(f"{error.code} {error.message}"))


def _members(body: bytes) -> Members | None:
    """Return the JSON object of a body; ``None`` = it holds none."""
    try:
        return read_object(body)
    except MalformedBodyError:
        return None


def _request_id(headers: Mapping[str, str]) -> str | None:
    ids = (headers[name][:LONGEST_TEXT] for name in _REQUEST_ID_HEADERS if headers.get(name))
    return next(ids, None)
