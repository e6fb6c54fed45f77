"""The client of WAVV's REST API: requests links to recordings, and returns failures as values.

The bridge never downloads a recording: AskElephant fetches it from the link.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

import httpx

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
from bridge.wavv.links import NoRecording, RecordingResponse, failure, link_or_failure

PAUSE = timedelta(minutes=1)
"""For how long no request is sent after WAVV refused the API key or sent a 429 without
``Retry-After``. The pause applies to the requests for all calls.
"""

REASONS: Mapping[NoResponse, Reason] = {
    NoResponse.TIMEOUT: Reason.WAVV_TIMEOUT,
    NoResponse.UNREADABLE: Reason.WAVV_ANSWER_UNREADABLE,
    NoResponse.UNREACHABLE: Reason.WAVV_UNREACHABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WavvOptions(HttpOptions):
    """How to reach WAVV's API. The timeouts are short: the lease of a call covers this request."""

    api_key: str = field(repr=False)
    base_url: str = "https://api.wavv.com"
    read_timeout: float = 5.0
    connect_timeout: float = 3.0
    write_timeout: float = 2.0
    max_answer_bytes: int = 64 * 1024


class WavvClient:
    """A client of WAVV's REST API, safe to share between threads."""

    def __init__(
        self, options: WavvOptions, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._has_key = is_sendable(options.api_key)
        self._paused: tuple[datetime, Failure] | None = None
        proof = f"Bearer {options.api_key}" if self._has_key else None
        self._api = ApiClient(options, proof, transport)

    def recordings(self, call_ids: Sequence[str], now: datetime) -> list[RecordingResponse]:
        """Return for each call a fresh link to its recording, ``NoRecording``, or a failure.

        The requests run concurrently. After WAVV refused the API key or sent a 429, no request is
        sent until the pause ends, and the same failure is returned for all calls. No request is
        sent for a call id of dots only, because the id would change the URL's path.
        """
        if not self._has_key:
            return [failure(Trouble.CREDENTIALS, Reason.WAVV_KEY_REFUSED)] * len(call_ids)
        if self._paused is not None and now < self._paused[0]:
            return [self._paused[1]] * len(call_ids)
        responses: list[RecordingResponse] = [NoRecording()] * len(call_ids)
        sent = [place for place, call_id in enumerate(call_ids) if call_id.strip(".")]
        paths = [f"/v3/calls/{quote(call_ids[place], safe='')}/recording" for place in sent]
        for group in self._api.send([Request("GET", path) for path in paths]):
            for number, reply in group:
                if isinstance(reply, Undelivered):
                    response: RecordingResponse = failure(Trouble.TRANSIENT, REASONS[reply.why])
                else:
                    response = link_or_failure(reply.status, reply.headers, reply.body, now)
                responses[sent[number]] = response
                if isinstance(response, Failure) and response.trouble is not Trouble.TRANSIENT:
                    self._paused = now + (response.retry_after or PAUSE), response
        return responses

    def close(self) -> None:
        """Close the connections that no request uses."""
        self._api.close()
