"""Converts a response of AskElephant to an engagement, or to a failure with its reason.

AskElephant's error page and its dialer integration guide define the statuses. Both are listed in
https://docs.askelephant.ai/llms.txt
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from bridge.askelephant.models import (
    Engagement,
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
"""The statuses with a special meaning. Every other 4xx means that the request is wrong."""

ANY_BODY = frozenset({408, 409, 425, 429})
"""Statuses that mean the same whether AskElephant or a gateway in front of it sent the response."""

ANY_JSON = frozenset({400, 401, 402, 422, 424})
"""Statuses that AskElephant sent if the body is any JSON object.

Any other 4xx with JSON may come from a gateway, unless its body has the form of AskElephant's.
"""

PROBLEM_KEYS = frozenset({"type", "title", "status", "detail", "request_id", "errors"})
"""The members of AskElephant's problem documents, by its error page
(https://docs.askelephant.ai/llms.txt) and https://datatracker.ietf.org/doc/html/rfc9457.
"""

_INVALID = frozenset({400, 422, 424})
_PROBLEM = re.compile(r"application/problem\+json\s*(;|$)", re.IGNORECASE)
_JSON = re.compile(r"application/([\w.-]+\+)?json\s*(;|$)", re.IGNORECASE)
_OWNER = re.compile("owner", re.IGNORECASE)
_OF_OWNER = re.compile(
    r"owner|workspace[ _](user|member)|active[ _]user|user[ _]not[ _]found", re.IGNORECASE
)
"""Matches the message of an error about a participant if it means the owner (the agent).

Only the owner must be a user of the workspace.
"""

_PARTICIPANT = re.compile("participant", re.IGNORECASE)
_MEDIA = re.compile("media|recording", re.IGNORECASE)
_OF_MEDIA = re.compile("(?<![a-z])(media|recording|audio|video)", re.IGNORECASE)
"""Matches the message of an error about the recording, but not "immediately"."""

_REQUEST_ID_HEADERS = ("x-request-id", "request-id")


def engagement_or_failure(
    status: int, headers: Mapping[str, str], body: bytes, now: datetime
) -> Engagement | Failure:
    """Return the engagement in a response, or the failure that the response reports. Never raises.

    ``now`` is subtracted from a ``Retry-After`` that is a date.
    """
    headers = {name.lower(): value for name, value in headers.items()}
    is_json = _JSON.match(headers.get("content-type", "")) is not None
    if status in {OK, CREATED} and is_json:
        with suppress(ValidationError):  # a proxy's body, for example, holds no engagement
            return read_engagement(
                _members(body) or {}, created=status == CREATED, request_id=_request_id(headers)
            )
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


def _meaning(
    status: int, headers: Mapping[str, str], members: Members | None, refusal: ProblemBody
) -> tuple[Trouble, Reason]:
    """Return what a failed request means: the kind of trouble, and the reason."""
    if status >= SERVER_ERROR:
        meaning = Trouble.TRANSIENT, Reason.ASKELEPHANT_ERROR
    elif status < REDIRECTION:
        meaning = Trouble.TRANSIENT, Reason.ASKELEPHANT_ANSWER_UNREADABLE
    elif status < CLIENT_ERROR:
        meaning = Trouble.TRANSIENT, Reason.ASKELEPHANT_REDIRECTED
    elif status not in ANY_BODY and not _is_own(status, headers, members, refusal):
        meaning = Trouble.TRANSIENT, Reason.GATEWAY_ERROR
    elif status in MEANING:
        meaning = MEANING[status]
    elif status in _INVALID:
        meaning = _blamed(refusal)
    else:
        meaning = Trouble.REJECTED, Reason.REJECTED
    return meaning


def _is_own(
    status: int, headers: Mapping[str, str], members: Members | None, refusal: ProblemBody
) -> bool:
    """Return whether AskElephant sent this 4xx, and not a firewall, proxy or load balancer.

    A 4xx of a gateway does not mean that the call or the API key is wrong. AskElephant's own 4xx
    always has a JSON body.
    """
    if members is None:
        return False
    if status in ANY_JSON or _PROBLEM.match(headers.get("content-type", "")):
        return True
    if any(error.field for error in refusal.errors):
        return True
    names_scope = status == FORBIDDEN and "scope" in str(members.get("detail", "")).lower()
    return names_scope or "request_id" in members or len(PROBLEM_KEYS & members.keys()) > 1


def _blamed(refusal: ProblemBody) -> tuple[Trouble, Reason]:
    """Return whether AskElephant refused the request's owner, its recording, or another field.

    If an error names a field, the field decides. Otherwise the message decides. That is a guess:
    AskElephant does not document its messages for an unknown owner or for a recording that it
    cannot fetch.
    """
    detail = refusal.detail or ""
    texts = [(error.field or "", f"{error.code} {error.message}") for error in refusal.errors]
    # If the owner was not meant, this guess costs one more request.
    if any(field for field, _ in texts):
        is_owner = any(
            _OWNER.search(field) or (_PARTICIPANT.search(field) and _OF_OWNER.search(text))
            for field, text in texts
        )
    else:
        is_owner = bool(_OWNER.search(" ".join([detail, *(text for _, text in texts)])))
    if is_owner:
        return Trouble.OWNER, Reason.OWNER_UNRESOLVABLE
    # A recording may be late or have expired, so a retry may succeed. After other errors it cannot.
    about_media = [
        _MEDIA.search(field) if field else _OF_MEDIA.search(text) for field, text in texts
    ]
    if all(about_media or [_OF_MEDIA.search(detail)]):
        return Trouble.MEDIA, Reason.RECORDING_NOT_READY
    return Trouble.REJECTED, Reason.REJECTED


def _members(body: bytes) -> Members | None:
    """Return the JSON object in a body, or ``None`` if the body is not a JSON object."""
    try:
        return read_object(body)
    except MalformedBodyError:
        return None


def _request_id(headers: Mapping[str, str]) -> str | None:
    ids = (headers[name][:LONGEST_TEXT] for name in _REQUEST_ID_HEADERS if headers.get(name))
    return next(ids, None)
