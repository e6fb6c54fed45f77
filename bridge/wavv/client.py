"""The client of WAVV's REST API: one question, and every answer a value, also trouble on the way.

Only this API is asked, at the base URL of the settings. The links it gives are never followed:
AskElephant fetches the recording.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

import httpx

from bridge.answer_body import BodyError, read_body
from bridge.domain.retry import Failure, Trouble
from bridge.http_pool import HttpOptions, is_sendable, open_pool
from bridge.punctual import make_punctual
from bridge.wavv.links import Answer, NoRecording, failure, link_or_failure

PAUSE = timedelta(minutes=1)
"""How long nothing is asked after a refusal that says no more: it meets every call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WavvOptions(HttpOptions):
    """How to reach WAVV. The time-outs are short: the lease holds this request as well."""

    api_key: str = field(repr=False)
    base_url: str = "https://api.wavv.com"
    read_timeout: float = 5.0
    connect_timeout: float = 3.0
    write_timeout: float = 2.0
    pool_timeout: float = 2.0
    max_answer_bytes: int = 64 * 1024


class WavvClient:
    """One connection pool to WAVV, safe to share between threads. No redirects are followed."""

    def __init__(
        self,
        options: WavvOptions,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options, self._clock = options, clock
        self._has_key = is_sendable(options.api_key)
        self._paused: tuple[datetime, Failure] | None = None
        proof = f"Bearer {options.api_key}" if self._has_key else None
        self._http = open_pool(options, proof, transport)
        self._deadlines = make_punctual(self._http)

    def recording(self, call_id: str, now: datetime) -> Answer:
        """Return a fresh link to the call's recording, that there is none yet, or what failed.

        After a refused key or a 429 the same failure is returned for a while, unasked: it would
        meet every call. An id that a URL would take for a way up is no call's.
        """
        if not call_id.strip("."):
            return NoRecording()
        if not self._has_key:
            return failure(Trouble.CREDENTIALS, "wavv_key_refused")
        paused = self._paused
        if paused is not None and now < paused[0]:
            return paused[1]
        answer = self._ask(f"/v3/calls/{quote(call_id, safe='')}/recording", now)
        if isinstance(answer, Failure) and answer.trouble is not Trouble.TRANSIENT:
            self._paused = now + (answer.retry_after or PAUSE), answer
        return answer

    def close(self) -> None:
        """Close the pool's connections."""
        self._http.close()

    def _ask(self, path: str, now: datetime) -> Answer:
        options, started = self._options, self._clock()
        try:
            with (
                self._deadlines.within(options.longest_wait),
                self._http.stream("GET", path) as answer,
            ):
                last_moment = started + options.longest_wait
                body = read_body(answer, options.max_answer_bytes, last_moment, self._clock)
        except httpx.TimeoutException:
            return failure(Trouble.TRANSIENT, "wavv_timeout")
        except BodyError:
            return failure(Trouble.TRANSIENT, "wavv_answer_unreadable")
        except httpx.HTTPError:
            return failure(Trouble.TRANSIENT, "wavv_unreachable")
        return link_or_failure(answer.status_code, answer.headers, body, now)
