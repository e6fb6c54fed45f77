"""The outbound client sends requests to one API concurrently, one on each connection."""

import asyncio
import gc
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.requests import Request as Received
from starlette.responses import Response as Sent
from starlette.routing import Route

from bridge.outbound.client import ApiClient, NoResponse, Request, Response, Undelivered
from tests.support.outbound_client import (
    GET,
    WHOLE,
    api_client,
    bodies,
    options,
    replies,
    respond,
    talking,
)
from tests.support.project_files import ROOT
from tests.support.sandbox import WAIT, serving


@dataclass
class Api:
    """An API that returns the path; ``/slow/…`` waits until ``slow`` requests are in flight.

    ``/hang`` waits until ``released`` is set.
    """

    url: str = ""
    slow: int = 1
    ports: list[int] = field(default_factory=list)
    cookies: list[str | None] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    _arrived: int = 0
    _all_arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, request: Received) -> Sent:
        """Respond with the path."""
        assert request.client is not None
        self.ports.append(request.client.port)
        self.cookies.append(request.headers.get("cookie"))
        path = request.url.path
        if path.startswith("/slow"):
            self._arrived += 1
            if self._arrived == self.slow:
                self._all_arrived.set()
            await asyncio.wait_for(self._all_arrived.wait(), WAIT)
        if path == "/hang":
            await asyncio.to_thread(self.released.wait, WAIT)
        return Sent(path.encode(), headers={"Set-Cookie": "session=1"})


@pytest.fixture
def api() -> Iterator[Api]:
    """Run the API."""
    running = Api()
    with serving(Starlette(routes=[Route("/{path:path}", running.serve)])) as root:
        running.url = root
        yield running


@pytest.fixture
def client(api: Api) -> Iterator[ApiClient]:
    """Give a client of the API."""
    with api_client(api.url) as opened:
        yield opened


def gets(*paths: str) -> list[Request]:
    """Return requests of these paths."""
    return [Request("GET", path) for path in paths]


def test_the_requests_of_a_batch_are_in_flight_side_by_side(api: Api, client: ApiClient) -> None:
    """The requests of a batch are in flight at the same time, each on its own connection."""
    api.slow = 40
    paths = [f"/slow/{number}" for number in range(api.slow)]
    assert bodies(client, *gets(*paths)) == [path.encode() for path in paths]
    assert len(set(api.ports)) == api.slow


def test_the_batches_of_many_threads_are_in_flight_side_by_side(
    api: Api, client: ApiClient
) -> None:
    """Batches of several threads are in flight at the same time, and get their own replies."""
    api.slow = 8 * 5
    batches = [[f"/slow/{thread}/{place}" for place in range(5)] for thread in range(8)]

    def send(paths: list[str]) -> list[bytes]:
        return bodies(client, *gets(*paths))

    with ThreadPoolExecutor(8) as threads:
        came = list(threads.map(send, batches))
    assert came == [[path.encode() for path in paths] for paths in batches]


def test_a_request_that_hangs_delays_no_other(api: Api, client: ApiClient) -> None:
    """A request that hangs delays no other reply, of its batch or of another."""
    groups = client.send(gets("/a", "/hang", "/b"))
    came: list[int] = []
    while len(came) < 2:
        came += [place for place, _ in next(groups)]
    assert sorted(came) == [0, 2]
    assert bodies(client, *gets("/c")) == [b"/c"]
    api.released.set()
    ((place, reply),) = next(groups)
    assert (place, isinstance(reply, Response)) == (1, True)
    assert list(groups) == []


def test_an_idle_connection_is_used_again(api: Api, client: ApiClient) -> None:
    """Idle connections are used again, so there are no more than were in flight at once."""
    for _ in range(3):
        assert bodies(client, *gets("/a")) == [b"/a"]
    assert len(set(api.ports)) == 1
    for _ in range(3):
        assert bodies(client, *gets("/a", "/b", "/c")) == [b"/a", b"/b", b"/c"]
    assert len(set(api.ports)) <= 3


def test_a_request_whose_connection_breaks_is_not_repeated() -> None:
    """A request whose connection breaks is not repeated, on a new or a used connection."""

    def hang_up(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65536)

    def respond_then_hang_up(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(WHOLE)
        connection.recv(65536)

    with (
        talking(hang_up, respond_then_hang_up, respond) as port,
        api_client(f"http://127.0.0.1:{port}") as client,
    ):
        for expected in (None, b"{}", None, b"{}"):
            (reply,) = replies(client, GET)
            assert getattr(reply, "body", None) == expected, reply
            if isinstance(reply, Undelivered):
                assert reply.why is NoResponse.UNREACHABLE
                assert "Server disconnected" in reply.detail


def test_no_cookie_is_kept(api: Api, client: ApiClient) -> None:
    """Cookies are not kept."""
    for _ in range(2):
        assert bodies(client, *gets("/a")) == [b"/a"]
    assert api.cookies == [None, None]


def test_a_connection_that_the_server_has_closed_is_not_used_again() -> None:
    """A connection that the server has closed is not used again."""
    closed = threading.Event()

    def respond_once(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(WHOLE)
        connection.close()
        closed.set()

    with talking(respond_once, respond) as port, api_client(f"http://127.0.0.1:{port}") as client:
        assert bodies(client, GET) == [b"{}"]
        assert closed.wait(WAIT)
        assert bodies(client, GET) == [b"{}"]


def test_a_connection_with_an_unread_body_is_not_used_again() -> None:
    """A connection with an unread rest of a body is not used again."""

    def send_too_much(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + bytes(5000))
        over.wait(10)

    with talking(send_too_much, respond) as port, api_client(f"http://127.0.0.1:{port}") as client:
        (reply,) = replies(client, GET)
        assert isinstance(reply, Undelivered)
        assert reply.why is NoResponse.UNREADABLE
        assert bodies(client, GET) == [b"{}"]


def test_close_closes_the_idle_connections() -> None:
    """``close`` closes the idle connections, and no warning follows."""
    ended = threading.Semaphore(0)

    def respond_until_closed(connection: socket.socket, over: threading.Event) -> None:
        respond(connection, over)
        ended.release()

    with talking(*[respond_until_closed] * 3) as port:
        client = ApiClient(options(f"http://127.0.0.1:{port}"), None)
        assert bodies(client, GET, GET, GET) == [b"{}"] * 3
        client.close()
        assert all(ended.acquire(timeout=WAIT) for _ in range(3))
        del client
        gc.collect()


def test_the_end_of_the_process_closes_the_connections() -> None:
    """At the end of the process the connections are closed without a log line of aiohttp."""
    program = """
import sys
from tests.support.outbound_client import GET, bodies, options
from bridge.outbound.client import ApiClient
client = ApiClient(options(sys.argv[1]), None)
print(bodies(client, GET))
"""
    with talking(respond) as port:
        ended = subprocess.run(  # noqa: S603 - this interpreter and the program above
            [sys.executable, "-c", program, f"http://127.0.0.1:{port}"],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert (ended.returncode, ended.stdout.strip(), ended.stderr) == (0, "[b'{}']", "")


def test_close_ends_a_request_in_flight(api: Api, client: ApiClient) -> None:
    """``close`` ends a request in flight with a reply to its thread."""
    groups = client.send(gets("/a", "/hang"))
    assert [place for place, _ in next(groups)] == [0]
    client.close()
    ((_, reply),) = next(groups)
    api.released.set()
    assert isinstance(reply, Undelivered)
    assert reply.why is NoResponse.UNREACHABLE
