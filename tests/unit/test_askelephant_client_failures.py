"""The client returns a failure for every trouble on the network, and holds its limits."""

import asyncio
import itertools
import socket
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from bridge.askelephant.client import ElephantClient, ElephantOptions
from bridge.domain.retry import Trouble
from tests.support.askelephant_client import KEY, created, failed, mock_client, read, unexpected


@pytest.mark.parametrize("key", [None, "", "key with spaces", "key\r\nX-Forged: 1", "schlüssel"])
def test_without_a_key_nothing_is_asked(key: str | None) -> None:
    """A key that is missing or fits no header holds all calls, as a refused one does."""
    told = failed(created(mock_client(unexpected, api_key=key)))
    assert (told.trouble, told.problem.reason) == (Trouble.CREDENTIALS, "credentials_missing")


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//", "http://[", "ftp://x", ""])
def test_a_redirect_is_not_followed(target: str) -> None:
    """The key would go wherever the answer says; a target that is no URL raises nothing either."""
    requests = itertools.count()

    def answer(_: httpx.Request) -> httpx.Response:
        next(requests)
        return httpx.Response(302, headers={"Location": target})

    assert failed(created(mock_client(answer))).trouble is Trouble.TRANSIENT
    assert next(requests) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx.ConnectTimeout, "askelephant_timeout"),
        (httpx.ReadTimeout, "askelephant_timeout"),
        (httpx.WriteTimeout, "askelephant_timeout"),
        (httpx.PoolTimeout, "askelephant_timeout"),
        (httpx.ConnectError, "askelephant_unreachable"),
        (httpx.ReadError, "askelephant_unreachable"),
        (httpx.WriteError, "askelephant_unreachable"),
        (httpx.CloseError, "askelephant_unreachable"),
        (httpx.ProxyError, "askelephant_unreachable"),
        (httpx.RemoteProtocolError, "askelephant_unreachable"),
        (httpx.LocalProtocolError, "askelephant_unreachable"),
        (httpx.UnsupportedProtocol, "askelephant_unreachable"),
    ],
)
def test_trouble_on_the_network_is_transient(
    error: type[httpx.TransportError], reason: str
) -> None:
    """The request may have succeeded or not: the same ``external_id`` makes it safe to repeat."""

    def answer(_: httpx.Request) -> httpx.Response:
        raise error("the words of the error")

    told = failed(created(mock_client(answer)))
    assert (told.trouble, told.problem.reason) == (Trouble.TRANSIENT, reason)
    assert told.problem.detail == f"{error.__name__}: the words of the error"


def test_an_answer_beyond_the_limit_is_unreadable() -> None:
    """A body larger than any engagement is not one."""
    told = failed(created(mock_client(max_answer_bytes=10)))
    assert told.problem.reason == "askelephant_answer_unreadable"
    assert told.trouble is Trouble.TRANSIENT


def test_retry_after_is_counted_from_now() -> None:
    """A date in ``Retry-After`` becomes a wait."""

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"Retry-After": "Wed, 13 May 2026 15:00:00 GMT"})

    assert failed(read(mock_client(answer))).retry_after == timedelta(hours=1)


def test_the_longest_request_holds_all_its_waits() -> None:
    """The lease rests on this sum: TCP, TLS, sending, and the response."""
    assert ElephantOptions().longest_request == 2 * 10 + 30 + 120


class Dripping(httpx.AsyncByteStream):
    """A body without end that comes byte by byte."""

    closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b" "

    async def aclose(self) -> None:
        """Remember that the body was left."""
        self.closed = True


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("headers_after", [0, 0.45], ids=["at once", "late"])
def test_a_dripping_response_is_left(headers_after: float, coding: str) -> None:
    """The longest request holds the headers and the body together."""
    body = Dripping()

    async def answer(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(headers_after)
        return httpx.Response(200, headers={"Content-Encoding": coding}, stream=body)

    options = ElephantOptions(api_key=KEY, read_timeout=0.2, connect_timeout=0.1, write_timeout=0.1)
    elephant = ElephantClient(options, transport=httpx.MockTransport(answer))
    began = time.monotonic()
    told = failed(read(elephant))
    took = time.monotonic() - began
    assert (told.trouble, told.problem.reason) == (Trouble.TRANSIENT, "askelephant_timeout")
    assert options.read_timeout <= took < options.longest_request + 0.4
    assert body.closed


def test_nobody_at_home_is_transient() -> None:
    """Over a real connection: nothing listens there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    elephant = ElephantClient(ElephantOptions(base_url=f"http://127.0.0.1:{port}", api_key=KEY))
    assert failed(created(elephant)).problem.reason == "askelephant_unreachable"
    elephant.close()
