"""The client of WAVV's REST API: one question, and every answer a value, also trouble on the way.

Only this API is asked, at the base URL of the settings. The links it gives are never followed:
AskElephant fetches the recording.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

import httpx

from bridge import __version__
from bridge.answer_body import LONGEST_SILENCE, BodyError, read_body
from bridge.domain.retry import Failure, Trouble
from bridge.wavv.links import Answer, NoRecording, failure, link_or_failure

PAUSE = timedelta(minutes=1)
"""How long nothing is asked after a refusal that says no more: it meets every call."""

_SENDABLE_KEY = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class WavvOptions:
    """How to reach WAVV. Time-outs are in seconds, and short: the lease holds this one as well."""

    api_key: str = field(repr=False)
    base_url: str = "https://api.wavv.com"
    read_timeout: float = 5.0
    connect_timeout: float = 3.0
    write_timeout: float = 2.0
    pool_timeout: float = 2.0
    user_agent: str = f"wavv-askelephant-bridge/{__version__}"
    max_answer_bytes: int = 64 * 1024
    pool_size: int = 32

    @property
    def longest_wait(self) -> float:
        """The seconds after which the headers have come or will not: TCP and TLS, then the rest."""
        return self.pool_timeout + 2 * self.connect_timeout + self.write_timeout + self.read_timeout

    @property
    def longest_request(self) -> float:
        """The seconds after which a request is surely over."""
        return self.longest_wait + LONGEST_SILENCE


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
        self._has_key = _SENDABLE_KEY.fullmatch(options.api_key) is not None
        self._paused: tuple[datetime, Failure] | None = None
        self._http = httpx.Client(
            base_url=options.base_url,
            headers=_headers(options) if self._has_key else None,
            timeout=httpx.Timeout(
                connect=options.connect_timeout,
                read=options.read_timeout,
                write=options.write_timeout,
                pool=options.pool_timeout,
            ),
            limits=httpx.Limits(
                max_connections=options.pool_size, max_keepalive_connections=options.pool_size
            ),
            follow_redirects=False,
            transport=transport,
        )

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
            with self._http.stream("GET", path) as answer:
                last_moment = started + options.longest_wait
                body = read_body(answer, options.max_answer_bytes, last_moment, self._clock)
        except httpx.TimeoutException:
            return failure(Trouble.TRANSIENT, "wavv_timeout")
        except BodyError:
            return failure(Trouble.TRANSIENT, "wavv_answer_unreadable")
        except httpx.HTTPError:
            return failure(Trouble.TRANSIENT, "wavv_unreachable")
        return link_or_failure(answer.status_code, answer.headers, body, now)


def _headers(options: WavvOptions) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {options.api_key}",
        "User-Agent": options.user_agent,
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
    }
