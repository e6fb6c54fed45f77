"""Sends requests to one API, many of them concurrently. A network error is returned as a value.

The threads of a worker pass their requests to one event loop, and wait for the replies. So a thread
can wait for many requests at once, and waiting threads do not compete for the interpreter.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from queue import SimpleQueue
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
import httpx_aiohttp.transport
import structlog
from httpx_aiohttp import AiohttpTransport

from bridge import __version__
from bridge.outbound.event_loop import close_at_exit, event_loop
from bridge.outbound.response_body import ResponseBodyError, read_body
from bridge.patch_guard import guard_patch

guard_patch(
    __name__, httpx_aiohttp.transport, {"AIOHTTP_EXC_MAP": None, "map_aiohttp_exceptions": ""}
)
guard_patch(__name__, AiohttpTransport, {"aclose": "self", "handle_async_request": "self, request"})

USER_AGENT = f"wavv-askelephant-bridge/{__version__}"
LONGEST_DETAIL = 500
log = structlog.get_logger(__name__)
_SENDABLE_KEY = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """The options of an API client. Timeouts are in seconds.

    A response is rejected if its body has more than ``max_answer_bytes``.
    """

    base_url: str
    read_timeout: float
    connect_timeout: float
    write_timeout: float
    max_answer_bytes: int
    user_agent: str = USER_AGENT

    @property
    def longest_request(self) -> float:
        """The seconds after which each request has ended, with or without a response.

        A worker's lease on a call must be longer than this.
        """
        return 2 * self.connect_timeout + self.write_timeout + self.read_timeout


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``path`` follows the base URL, is percent-encoded, and may have a query."""

    method: str
    path: str
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response. The body is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoResponse(Enum):
    """Why a request has no usable response."""

    TIMEOUT = auto()
    UNREADABLE = auto()
    UNREACHABLE = auto()


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The result of a request without a usable response. The server may have handled it."""

    why: NoResponse
    detail: str


Reply = Response | Undelivered


def is_sendable(key: str | None) -> bool:
    """Return whether an API key is not empty and can be sent in an HTTP header."""
    return _SENDABLE_KEY.fullmatch(key or "") is not None


class ApiClient:
    """A client of one API, which threads may share. It uses HTTP/1.1 and follows no redirects.

    Proxies and certificate authorities come from the environment (``HTTPS_PROXY``, ``NO_PROXY``,
    ``SSL_CERT_FILE``). Raises ``ValueError`` or ``OSError`` if one of these is wrong.
    """

    def __init__(
        self,
        options: HttpOptions,
        authorization: str | None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._options = options
        self._base_url = options.base_url.rstrip("/")
        credentials = {} if authorization is None else {"Authorization": authorization}
        common = {"User-Agent": options.user_agent, "Accept": "application/json"}
        self._headers = credentials | common | {"Accept-Encoding": "gzip"}
        self._timeouts = {
            "connect": options.connect_timeout,
            "read": options.read_timeout,
            "write": options.write_timeout,
            "pool": options.connect_timeout,
        }
        self._transport = transport or _transport_for(options.base_url)
        self._running: set[asyncio.Task[Reply]] = set()

    def send(self, requests: Sequence[Request]) -> Iterator[list[tuple[int, Reply]]]:
        """Send all requests concurrently; yield the replies in groups, as they arrive.

        A reply is a pair: the index of its request, and a ``Response`` or an ``Undelivered``. Each
        request ends within ``longest_request`` seconds.
        """
        arrived: SimpleQueue[tuple[int, Reply]] = SimpleQueue()

        def start() -> None:
            for place, request in enumerate(requests):
                task = loop.create_task(self._exchange(request))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
                task.add_done_callback(lambda done, at=place: arrived.put((at, done.result())))  # type: ignore[misc]  # bound now

        loop = event_loop()
        loop.call_soon_threadsafe(start)
        left = len(requests)
        while left:
            group = [arrived.get()]
            while not arrived.empty():
                group.append(arrived.get_nowait())
            left -= len(group)
            yield group

    def close(self) -> None:
        """Close all connections. The result of a running request is ``Undelivered``."""
        asyncio.run_coroutine_threadsafe(self._transport.aclose(), event_loop()).result()

    async def _exchange(self, request: Request) -> Reply:
        """Send one request; return the response, or why there is none. Never raises."""
        options = self._options
        try:
            async with asyncio.timeout(options.longest_request):
                sent = httpx.Request(
                    request.method,
                    self._base_url + request.path,
                    headers={**self._headers, **request.headers},
                    content=request.content,
                    extensions={"timeout": self._timeouts},
                )
                response = await self._transport.handle_async_request(sent)
                try:
                    body = await read_body(response, options.max_answer_bytes, options.read_timeout)
                finally:
                    await response.aclose()
            return Response(response.status_code, response.headers, body)
        except TimeoutError:
            late = TimeoutError(f"no whole response within {options.longest_request:g} s")
            return _undelivered(NoResponse.TIMEOUT, late)
        except ResponseBodyError as error:
            return _undelivered(NoResponse.UNREADABLE, error)
        except httpx.HTTPError as error:
            # httpx-aiohttp raises ``ConnectTimeout`` also for a connection that was reset:
            # https://github.com/openai/openai-python/pull/3594
            cause = error.__cause__ or error
            is_late = isinstance(cause, TimeoutError | httpx.TimeoutException)
            return _undelivered(NoResponse.TIMEOUT if is_late else NoResponse.UNREACHABLE, cause)
        except (Exception, asyncio.CancelledError) as error:  # a thread waits for the reply
            log.exception(
                "request.failed_unexpectedly",
                method=request.method,
                path=request.path,
                detail="The request is retried. A bug, or a wrong HTTPS_PROXY or SSL_CERT_FILE.",
            )
            return _undelivered(NoResponse.UNREACHABLE, error)


def _transport_for(base_url: str) -> AiohttpTransport:
    """Create the httpx transport for an API, with the proxy that the environment names for the API.

    The transport uses aiohttp, which needs half the processor time of httpcore, httpx's default.
    The transport is used without an ``httpx.AsyncClient``, whose cookies, redirects and merged
    settings need as much time as the transport. The first request opens the aiohttp session, on the
    event loop.
    """
    trust, api, proxy = httpx.create_ssl_context(), urlsplit(base_url), None
    named = getproxies().get(api.scheme) or getproxies().get("all")
    if named is not None and not proxy_bypass(api.hostname or ""):
        proxy = httpx.Proxy(named if "://" in named else f"http://{named}")

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=0, ssl=trust)
        opened = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), middlewares=(_once,)
        )
        close_at_exit(opened.close)
        return opened

    return AiohttpTransport(verify=trust, proxy=proxy, client=session)


async def _once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send a request only once. By default aiohttp repeats a GET whose connection breaks.

    Only the bridge may repeat a request, because the rate limit and the trial requests under a hold
    count requests: https://docs.aiohttp.org/en/stable/client_advanced.html#client-middleware
    """
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(f"{type(error).__name__}: {error}") from error


def _undelivered(why: NoResponse, error: BaseException) -> Undelivered:
    return Undelivered(why, f"{type(error).__name__}: {error}"[:LONGEST_DETAIL])
