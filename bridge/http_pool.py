"""What the clients of both APIs share: how long they wait, what key they can send, their pool."""

import re
from dataclasses import dataclass

import httpx

from bridge import __version__
from bridge.answer_body import LONGEST_SILENCE

USER_AGENT = f"wavv-askelephant-bridge/{__version__}"
_SENDABLE_KEY = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """How to reach an API. Time-outs are in seconds."""

    base_url: str
    read_timeout: float
    connect_timeout: float
    write_timeout: float
    pool_timeout: float
    max_answer_bytes: int
    user_agent: str = USER_AGENT
    pool_size: int = 32

    @property
    def longest_wait(self) -> float:
        """The seconds after which the headers have come or will not: TCP and TLS, then the rest."""
        return self.pool_timeout + 2 * self.connect_timeout + self.write_timeout + self.read_timeout

    @property
    def longest_request(self) -> float:
        """The seconds after which a request is surely over. A lease must last longer."""
        return self.longest_wait + LONGEST_SILENCE


def is_sendable(key: str | None) -> bool:
    """Tell whether a key can stand in a header at all."""
    return _SENDABLE_KEY.fullmatch(key or "") is not None


def open_pool(
    options: HttpOptions, authorization: str | None, transport: httpx.BaseTransport | None
) -> httpx.Client:
    """Return a pool of connections, safe to share between threads. No redirects are followed."""
    proof = {} if authorization is None else {"Authorization": authorization}
    common = {"User-Agent": options.user_agent, "Accept": "application/json"}
    return httpx.Client(
        base_url=options.base_url,
        headers=proof | common | {"Accept-Encoding": "gzip"},
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
