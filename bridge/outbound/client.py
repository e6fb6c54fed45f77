"""Sends requests to one API, many side by side. Trouble on the network is a value, too.

The threads of a worker hand their requests to one event loop and wait for the responses: so a
request that waits costs no thread of its own, and none takes the interpreter from the others.
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
from bridge.outbound.response_body import BodyError, read_body
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
    """How to reach an API. Time-outs are in seconds."""

    base_url: str
    read_timeout: float
    connect_timeout: float
    write_timeout: float
    max_answer_bytes: int
    user_agent: str = USER_AGENT

    @property
    def longest_request(self) -> float:
        """The seconds after which a request is over. A lease must last longer."""
        return 2 * self.connect_timeout + self.write_timeout + self.read_timeout


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``path`` is quoted, and may have a query."""

    method: str
    path: str
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoResponse(Enum):
    """Why there is no response that can be used."""

    TIMEOUT = auto()
    UNREADABLE = auto()
    UNREACHABLE = auto()


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A request without a usable response: it may have been served all the same."""

    why: NoResponse
    detail: str


Reply = Response | Undelivered


def is_sendable(key: str | None) -> bool:
    """Tell whether a key can stand in a header at all."""
    return _SENDABLE_KEY.fullmatch(key or "") is not None


class ApiClient:
    """A client of one API, safe to share between threads. HTTP/1.1, no redirects.

    Proxies and authorities are those of the environment (``HTTPS_PROXY``, ``NO_PROXY``,
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
        proof = {} if authorization is None else {"Authorization": authorization}
        common = {"User-Agent": options.user_agent, "Accept": "application/json"}
        self._headers = proof | common | {"Accept-Encoding": "gzip"}
        self._transport = transport or _transport_for(options.base_url)
        self._running: set[asyncio.Task[Reply]] = set()

    def send(self, requests: Sequence[Request]) -> Iterator[list[tuple[int, Reply]]]:
        """Send all at once; yield the replies in the groups in which they arrive.

        Each reply comes with the place of its request. Every request ends within
        ``longest_request``.
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
        """Close all connections. A request in flight ends without a response."""
        asyncio.run_coroutine_threadsafe(self._transport.aclose(), event_loop()).result()

    async def _exchange(self, request: Request) -> Reply:
        """Return the reply to one request. Never raises."""
        limit = self._options.longest_request
        try:
            async with asyncio.timeout(limit):
                return await self._sent(request)
        except TimeoutError:
            late = TimeoutError(f"no whole response within {limit:g} s")
            return _undelivered(NoResponse.TIMEOUT, late)
        except BodyError as error:
            return _undelivered(NoResponse.UNREADABLE, error)
        except httpx.HTTPError as error:
            # httpx-aiohttp raises ``ConnectTimeout`` for a connection that was reset, too:
            # https://github.com/openai/openai-python/pull/3594
            cause = error.__cause__ or error
            is_late = isinstance(cause, TimeoutError | httpx.TimeoutException)
            return _undelivered(NoResponse.TIMEOUT if is_late else NoResponse.UNREACHABLE, cause)
        except (Exception, asyncio.CancelledError) as error:  # its thread waits for a reply
            log.exception("request.broke", method=request.method)
            return _undelivered(NoResponse.UNREACHABLE, error)

    async def _sent(self, request: Request) -> Response:
        options = self._options
        sent = httpx.Request(
            request.method,
            self._base_url + request.path,
            headers={**self._headers, **request.headers},
            content=request.content,
            extensions={
                "timeout": {
                    "connect": options.connect_timeout,
                    "read": options.read_timeout,
                    "write": options.write_timeout,
                    "pool": options.connect_timeout,
                }
            },
        )
        response = await self._transport.handle_async_request(sent)
        try:
            body = await read_body(response, options.max_answer_bytes, options.read_timeout)
        finally:
            await response.aclose()
        return Response(response.status_code, response.headers, body)


def _transport_for(base_url: str) -> AiohttpTransport:
    """Return the transport of an API. Its session begins with the first request, on the loop.

    httpcore, httpx's own transport, takes twice the time for a request. There is no
    ``httpx.AsyncClient`` around it: cookies, redirects and merged settings take as much again.
    """
    trust = httpx.create_ssl_context()

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=0, ssl=trust)
        opened = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), middlewares=(_once,)
        )
        close_at_exit(opened.close)
        return opened

    return AiohttpTransport(verify=trust, proxy=_proxy_for(base_url), client=session)


async def _once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send a request once. By default aiohttp repeats a GET whose connection breaks.

    Budget and probes count requests, so each one must be the caller's.
    https://docs.aiohttp.org/en/stable/client_advanced.html#client-middleware
    """
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(f"{type(error).__name__}: {error}") from error


def _proxy_for(base_url: str) -> httpx.Proxy | None:
    """Return the proxy that the environment names for an API, if it names one."""
    api = urlsplit(base_url)
    named = getproxies().get(api.scheme) or getproxies().get("all")
    if named is None or proxy_bypass(api.hostname or ""):
        return None
    return httpx.Proxy(named if "://" in named else f"http://{named}")


def _undelivered(why: NoResponse, error: BaseException) -> Undelivered:
    return Undelivered(why, f"{type(error).__name__}: {error}"[:LONGEST_DETAIL])
