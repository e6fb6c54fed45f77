"""Tests for the outbound client: a reply for every request, in groups as they arrive."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import NoReturn

import aiohttp
import httpx
import pytest
from httpx_aiohttp.transport import map_aiohttp_exceptions
from structlog.testing import capture_logs

from bridge import __version__
from bridge.outbound.client import (
    ApiClient,
    HttpOptions,
    NoResponse,
    Reply,
    Request,
    Response,
    Undelivered,
    is_sendable,
)
from bridge.outbound.event_loop import event_loop

OPTIONS = HttpOptions(
    base_url="https://elephant.test/api",
    read_timeout=10.0, connect_timeout=10.0, write_timeout=10.0, max_answer_bytes=1000,
)  # fmt: skip
Handler = Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]


def client(handler: Handler) -> ApiClient:
    """Return a client whose requests the handler serves on the client's event loop."""
    return ApiClient(OPTIONS, "key", httpx.MockTransport(handler))


def gets(*paths: str) -> list[Request]:
    """Return GET requests of these paths."""
    return [Request("GET", path) for path in paths]


def by_index(groups: Iterator[list[tuple[int, Reply]]]) -> dict[int, Reply]:
    """Return each reply under the index of its request."""
    received = [reply for group in groups for reply in group]
    assert len(dict(received)) == len(received)
    return dict(received)


def settle() -> None:
    """Return when no request is in flight."""

    async def wait() -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others)
        await asyncio.sleep(0)  # lets requests that have just ended deliver their replies

    asyncio.run_coroutine_threadsafe(wait(), event_loop()).result(10)


class Gate:
    """A handler that responds to a path when the test opens its gate."""

    def __init__(self) -> None:
        self._gates: dict[str, asyncio.Event] = {}

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Respond with the path when its gate is open."""
        await self._gate(request.url.path).wait()
        return httpx.Response(200, text=request.url.path)

    def open(self, *paths: str) -> None:
        """Open the gates of these paths."""

        def open_all() -> None:
            for path in paths:
                self._gate(f"/api{path}").set()

        event_loop().call_soon_threadsafe(open_all)

    def _gate(self, path: str) -> asyncio.Event:
        return self._gates.setdefault(path, asyncio.Event())


async def served(request: httpx.Request) -> httpx.Response:
    """Respond with the path."""
    return httpx.Response(200, text=request.url.path)


def test_replies_come_as_they_arrive_with_the_index_of_the_request() -> None:
    """Each reply is returned when it arrives, with the index of its request."""
    gate = Gate()
    groups = client(gate).send(gets("/a", "/b", "/c"))
    for place, path in [(2, "/c"), (0, "/a"), (1, "/b")]:
        gate.open(path)
        ((came_at, reply),) = next(groups)
        assert isinstance(reply, Response)
        assert (came_at, reply.body) == (place, f"/api{path}".encode())
    assert next(groups, None) is None


def test_replies_that_arrived_during_a_pause_are_one_group() -> None:
    """Replies that arrive while the caller is busy come in one group."""
    gate = Gate()
    groups = client(gate).send(gets("/a", "/b", "/c", "/d"))
    gate.open("/b")
    assert [place for place, _ in next(groups)] == [1]
    gate.open("/a", "/c", "/d")
    settle()
    assert sorted(place for place, _ in next(groups)) == [0, 2, 3]
    assert next(groups, None) is None


def test_no_request_is_no_group() -> None:
    """An empty list of requests gives no group."""
    assert list(client(served).send([])) == []


@pytest.mark.parametrize(
    "error", [RuntimeError("a defect"), AssertionError("a defect"), asyncio.CancelledError()]
)
def test_an_unexpected_exception_fails_only_its_request(error: BaseException) -> None:
    """An exception of one request is logged and becomes its reply."""

    async def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/bad":
            raise error
        return await served(request)

    api = client(handler)
    with capture_logs() as logs:
        came = by_index(api.send(gets("/a", "/bad", "/c")))
    assert came[1] == Undelivered(NoResponse.UNREACHABLE, f"{type(error).__name__}: {error}")
    assert [getattr(came[place], "body", None) for place in (0, 2)] == [b"/api/a", b"/api/c"]
    assert [(log["event"], log["log_level"]) for log in logs] == [
        ("request.failed_unexpectedly", "error")
    ]
    assert len(by_index(api.send(gets("/a", "/b", "/c")))) == 3


def test_a_malformed_url_raises_nothing() -> None:
    """A malformed URL gives an undelivered reply."""
    with capture_logs():
        (reply,) = by_index(client(served).send(gets("/\x00"))).values()
    assert isinstance(reply, Undelivered)
    assert reply.why is NoResponse.UNREACHABLE


def test_a_session_that_cannot_be_opened_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error while the session is opened becomes the reply of each request."""

    def broken(**_: object) -> NoReturn:
        raise ValueError("not like this")

    monkeypatch.setattr(aiohttp, "TCPConnector", broken)
    with capture_logs() as logs:
        came = by_index(ApiClient(OPTIONS, None).send(gets("/a", "/b")))
    assert [log["event"] for log in logs] == ["request.failed_unexpectedly"] * 2
    expected = Undelivered(NoResponse.UNREACHABLE, "ValueError: not like this")
    assert came == {0: expected, 1: expected}


def test_a_reset_connection_is_no_timeout() -> None:
    """A lost connection is unreachable, although httpx-aiohttp raises ``ConnectTimeout``."""

    def failing(cause: Exception) -> Undelivered:
        async def handler(_: httpx.Request) -> httpx.Response:
            raise httpx.ConnectTimeout("lost") from cause

        (reply,) = by_index(client(handler).send(gets("/a"))).values()
        assert isinstance(reply, Undelivered)
        return reply

    reset = failing(aiohttp.ServerDisconnectedError())
    assert reset == Undelivered(
        NoResponse.UNREACHABLE, "ServerDisconnectedError: Server disconnected"
    )
    late = failing(aiohttp.ConnectionTimeoutError("late"))
    assert late == Undelivered(NoResponse.TIMEOUT, "ConnectionTimeoutError: late")


def test_httpx_aiohttp_still_needs_the_cause() -> None:
    """Fails when httpx-aiohttp maps a lost connection to another error."""
    with pytest.raises(httpx.ConnectTimeout) as raised, map_aiohttp_exceptions():
        raise aiohttp.ServerDisconnectedError
    assert isinstance(raised.value.__cause__, aiohttp.ServerDisconnectedError)


def test_all_requests_wait_on_one_thread() -> None:
    """All clients and senders share one daemon thread."""
    threads: set[threading.Thread] = set()

    async def handler(request: httpx.Request) -> httpx.Response:
        threads.add(threading.current_thread())
        return await served(request)

    def send() -> None:
        by_index(client(handler).send(gets("/a", "/b")))

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(10)
    (thread,) = threads
    assert thread not in senders
    assert thread.daemon


def test_every_request_has_the_common_headers() -> None:
    """Each request has key, user agent and accepted encodings, with its own headers added."""
    seen: list[httpx.Request] = []

    async def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return await served(request)

    by_index(client(handler).send([Request("POST", "/a", b"{}", {"Content-Type": "text/x"})]))
    (request,) = seen
    expected = {
        "authorization": "key",
        "user-agent": f"wavv-askelephant-bridge/{__version__}",
        "accept": "application/json",
        "accept-encoding": "gzip",
        "content-type": "text/x",
    }
    assert {name: request.headers[name] for name in expected} == expected
    assert (request.method, request.content) == ("POST", b"{}")


def test_longest_request_is_the_sum_of_all_timeouts() -> None:
    """``longest_request``, on which leases depend, adds TCP, TLS, sending and response."""
    assert OPTIONS.longest_request == 10 + 10 + 10 + 10


@pytest.mark.parametrize(
    ("key", "sendable"),
    [("sk-1", True), (None, False), ("", False), ("a b", False), ("a\r\nb", False), ("ü", False)],
)
def test_a_key_is_sendable_if_a_header_can_carry_it(key: str | None, *, sendable: bool) -> None:
    """A key is sendable if it is not empty and fits a header."""
    assert is_sendable(key) is sendable
