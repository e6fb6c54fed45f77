"""The HTTP client: requests out, values back. Trouble on the network is a value as well."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import httpx

from bridge.answer_body import BodyError, read_body
from bridge.askelephant.answers import UNREADABLE, engagement_or_failure
from bridge.askelephant.models import Engagement, is_engagement_id
from bridge.domain.call import Problem
from bridge.domain.engagement import EngagementRequest
from bridge.domain.retry import Failure, Trouble
from bridge.http_pool import HttpOptions, is_sendable, open_pool
from bridge.punctual import make_punctual

LONGEST_DETAIL = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ElephantOptions(HttpOptions):
    """How to reach AskElephant. ``api_key`` ``None`` = not configured.

    Its guide forbids a prefix before an API key (``raw``); ``bearer`` is for OAuth tokens.
    """

    api_key: str | None = field(default=None, repr=False)
    auth_scheme: Literal["raw", "bearer"] = "raw"
    base_url: str = "https://app.askelephant.ai/api"
    read_timeout: float = 120.0
    connect_timeout: float = 10.0
    write_timeout: float = 30.0
    pool_timeout: float = 10.0
    max_answer_bytes: int = 8 * 1024 * 1024
    expand: tuple[str, ...] = ("action_items", "signals")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ElephantClient:
    """One connection pool to AskElephant, safe to share between threads. HTTP/1.1, no redirects."""

    def __init__(
        self,
        options: ElephantOptions,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._options, self._clock, self._now = options, clock, now
        self._has_key = is_sendable(options.api_key)
        prefix = "Bearer " if options.auth_scheme == "bearer" else ""
        proof = f"{prefix}{options.api_key}" if self._has_key else None
        self._http = open_pool(options, proof, transport)
        self._deadlines = make_punctual(self._http)

    def create(self, request: EngagementRequest) -> Engagement | Failure:
        """Submit a call. Safe to repeat: its ``external_id`` is AskElephant's idempotency key."""
        json = {"Content-Type": "application/json"}
        return self._ask("POST", "/v2/engagements", content=request.body(), headers=json)

    def read(self, engagement_id: str) -> Engagement | Failure:
        """Read an engagement with its insights. An id that is none never becomes part of a URL."""
        if not is_engagement_id(engagement_id):
            return _failure(Trouble.REJECTED, "engagement_id_invalid")
        # By hand, for httpx would escape the commas of the documented form.
        query = f"?expand={','.join(self._options.expand)}" if self._options.expand else ""
        return self._ask("GET", f"/v2/engagements/{engagement_id}{query}")

    def close(self) -> None:
        """Close the pool's connections."""
        self._http.close()

    def _ask(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Engagement | Failure:
        if not self._has_key:
            return _failure(Trouble.CREDENTIALS, "credentials_missing")
        options, started = self._options, self._clock()
        try:
            with (
                self._deadlines.within(options.longest_wait),
                self._http.stream(method, path, content=content, headers=headers) as answer,
            ):
                last_moment = self._last_moment(started)
                body = read_body(answer, options.max_answer_bytes, last_moment, self._clock)
        except httpx.TimeoutException as error:
            return _failure(Trouble.TRANSIENT, "askelephant_timeout", error)
        except BodyError as error:
            return _failure(Trouble.TRANSIENT, UNREADABLE, error)
        except httpx.HTTPError as error:
            return _failure(Trouble.TRANSIENT, "askelephant_unreachable", error)
        return engagement_or_failure(answer.status_code, answer.headers, body, self._now())

    def _last_moment(self, started: float) -> float:
        """Return when the body that now begins must be whole."""
        options = self._options
        return min(self._clock() + options.read_timeout, started + options.longest_wait)


def _failure(trouble: Trouble, reason: str, error: Exception | None = None) -> Failure:
    detail = f"{type(error).__name__}: {error}"[:LONGEST_DETAIL] if error else None
    return Failure(trouble, Problem(reason=reason, detail=detail))
