"""Tests for the failures that the AskElephant client returns, and for its limits."""

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
def test_without_a_usable_key_no_request_is_sent(key: str | None) -> None:
    """A key that is missing or fits no header gives ``credentials_missing`` without a request."""
    failure = failed(created(mock_client(unexpected, api_key=key)))
    assert (failure.trouble, failure.problem.reason) == (Trouble.CREDENTIALS, "credentials_missing")


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//", "http://[", "ftp://x", ""])
def test_a_redirect_is_not_followed(target: str) -> None:
    """A redirect is not followed, so that the key is not sent to another host."""
    requests = itertools.count()

    def respond(_: httpx.Request) -> httpx.Response:
        next(requests)
        return httpx.Response(302, headers={"Location": target})

    assert failed(created(mock_client(respond))).trouble is Trouble.TRANSIENT
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
    """A network error is retried, which the same ``external_id`` makes safe."""

    def respond(_: httpx.Request) -> httpx.Response:
        raise error("text of the error")

    failure = failed(created(mock_client(respond)))
    assert (failure.trouble, failure.problem.reason) == (Trouble.TRANSIENT, reason)
    assert failure.problem.detail == f"{error.__name__}: text of the error"


def test_a_response_beyond_the_limit_is_unreadable() -> None:
    """A body longer than ``max_answer_bytes`` is unreadable and retried."""
    failure = failed(created(mock_client(max_answer_bytes=10)))
    assert failure.problem.reason == "askelephant_answer_unreadable"
    assert failure.trouble is Trouble.TRANSIENT


def test_retry_after_is_counted_from_now() -> None:
    """A date in ``Retry-After`` becomes the wait from now."""

    def respond(_: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"Retry-After": "Wed, 13 May 2026 15:00:00 GMT"})

    assert failed(read(mock_client(respond))).retry_after == timedelta(hours=1)


def test_longest_request_is_the_sum_of_all_timeouts() -> None:
    """``longest_request``, on which the lease depends, adds TCP, TLS, sending and response."""
    assert ElephantOptions().longest_request == 2 * 10 + 30 + 120


class Dripping(httpx.AsyncByteStream):
    """A body without end that comes byte by byte."""

    closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b" "

    async def aclose(self) -> None:
        """Record that the body was closed."""
        self.closed = True


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("headers_after", [0, 0.45], ids=["at once", "late"])
def test_a_dripping_response_is_closed_at_the_total_timeout(
    headers_after: float, coding: str
) -> None:
    """A response without end is closed after ``longest_request`` at the latest."""
    body = Dripping()

    async def respond(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(headers_after)
        return httpx.Response(200, headers={"Content-Encoding": coding}, stream=body)

    options = ElephantOptions(api_key=KEY, read_timeout=0.2, connect_timeout=0.1, write_timeout=0.1)
    elephant = ElephantClient(options, transport=httpx.MockTransport(respond))
    began = time.monotonic()
    failure = failed(read(elephant))
    elapsed = time.monotonic() - began
    assert (failure.trouble, failure.problem.reason) == (Trouble.TRANSIENT, "askelephant_timeout")
    assert options.read_timeout <= elapsed < options.longest_request + 0.4
    assert body.closed


def test_a_refused_connection_is_transient() -> None:
    """A real connection to a port without a listener gives ``askelephant_unreachable``."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    elephant = ElephantClient(ElephantOptions(base_url=f"http://127.0.0.1:{port}", api_key=KEY))
    assert failed(created(elephant)).problem.reason == "askelephant_unreachable"
    elephant.close()
