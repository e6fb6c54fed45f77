"""The client of AskElephant's API. All failures, also those of the network, are return values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import httpx

from bridge.askelephant.models import Engagement, is_engagement_id
from bridge.askelephant.responses import engagement_or_failure
from bridge.domain.call import Problem
from bridge.domain.engagement import EngagementRequest
from bridge.domain.retry import Failure, Trouble
from bridge.outbound.client import (
    ApiClient,
    HttpOptions,
    NoResponse,
    Request,
    Undelivered,
    is_sendable,
)
from bridge.reasons import Reason

Outcome = Engagement | Failure
REASONS: Mapping[NoResponse, Reason] = {
    NoResponse.TIMEOUT: Reason.ASKELEPHANT_TIMEOUT,
    NoResponse.UNREADABLE: Reason.ASKELEPHANT_ANSWER_UNREADABLE,
    NoResponse.UNREACHABLE: Reason.ASKELEPHANT_UNREACHABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ElephantOptions(HttpOptions):
    """How to reach AskElephant's API. ``api_key`` is ``None`` if no key is configured.

    The scheme ``raw`` sends an API key without a prefix, ``bearer`` sends an OAuth token:
    https://docs.askelephant.ai/llms.txt (dialer integration guide).
    """

    api_key: str | None = field(default=None, repr=False)
    auth_scheme: Literal["raw", "bearer"] = "raw"
    base_url: str = "https://app.askelephant.ai/api"
    read_timeout: float = 120.0
    connect_timeout: float = 10.0
    write_timeout: float = 30.0
    max_answer_bytes: int = 8 * 1024 * 1024
    expand: tuple[str, ...] = ("action_items", "signals")


class ElephantClient:
    """A client of AskElephant's API, safe to share between threads. ``now`` is the clock."""

    def __init__(
        self,
        options: ElephantOptions,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._options, self._now = options, now
        self._has_key = is_sendable(options.api_key)
        prefix = "Bearer " if options.auth_scheme == "bearer" else ""
        proof = f"{prefix}{options.api_key}" if self._has_key else None
        self._api = ApiClient(options, proof, transport)

    def create(self, requests: Sequence[EngagementRequest]) -> Iterator[list[tuple[int, Outcome]]]:
        """Submit calls concurrently. Yield outcomes in groups, each with its index in ``requests``.

        A request may be repeated: its ``external_id`` is AskElephant's idempotency key.
        """
        json = {"Content-Type": "application/json"}
        posts = [Request("POST", "/v2/engagements", one.body(), json) for one in requests]
        return self._send(posts)

    def read(self, engagement_ids: Sequence[str]) -> Iterator[list[tuple[int, Outcome]]]:
        """Fetch engagements with their insights. Yield outcomes in groups, as ``create`` does.

        No request is sent for an id that does not have the form of AskElephant's ids.
        """
        # httpx would escape the commas of ``expand`` in ``params``; AskElephant documents commas.
        query = f"?expand={','.join(self._options.expand)}" if self._options.expand else ""
        return self._send(
            [
                Request("GET", f"/v2/engagements/{one}{query}") if is_engagement_id(one) else None
                for one in engagement_ids
            ]
        )

    def close(self) -> None:
        """Close the connections that no request uses."""
        self._api.close()

    def _send(self, requests: Sequence[Request | None]) -> Iterator[list[tuple[int, Outcome]]]:
        if not self._has_key:
            missing = _failure(Trouble.CREDENTIALS, Reason.CREDENTIALS_MISSING)
            yield [(place, missing) for place in range(len(requests))]
            return
        invalid = _failure(Trouble.REJECTED, Reason.ENGAGEMENT_ID_INVALID)
        unsent: list[tuple[int, Outcome]] = [
            (place, invalid) for place, one in enumerate(requests) if one is None
        ]
        if unsent:
            yield unsent
        sent = [(place, one) for place, one in enumerate(requests) if one is not None]
        for group in self._api.send([one for _, one in sent]):
            outcomes: list[tuple[int, Outcome]] = []
            for number, reply in group:
                if isinstance(reply, Undelivered):
                    outcome: Outcome = _failure(Trouble.TRANSIENT, REASONS[reply.why], reply.detail)
                else:
                    outcome = engagement_or_failure(
                        reply.status, reply.headers, reply.body, self._now()
                    )
                outcomes.append((sent[number][0], outcome))
            yield outcomes


def _failure(trouble: Trouble, reason: Reason, detail: str | None = None) -> Failure:
    return Failure(trouble, Problem(reason=reason, detail=detail))
