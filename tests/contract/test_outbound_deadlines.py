"""A response that does not end is given up within the lease on its call.

Over real connections, because the timeout must reach the socket.
"""

import socket
import threading
import time

import pytest

from bridge.askelephant.client import ElephantClient, ElephantOptions
from bridge.domain.retry import Failure
from bridge.outbound import response_body
from bridge.outbound.client import ApiClient, NoResponse, Undelivered
from tests.support.askelephant_client import read
from tests.support.outbound_client import (
    GET,
    Talk,
    api_client,
    bodies,
    options,
    replies,
    respond,
    talking,
)

SHORT = {"read_timeout": 0.3, "connect_timeout": 0.1, "write_timeout": 0.1}
LONGEST = options("", **SHORT).longest_request
LATE = {
    "TimeoutError: no whole response within 0.6 s",
    "ReadTimeout: the response's body was not whole in time",
}
SLACK = 5.0
"""Seconds by which a busy machine may be late."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\nContent-Type: application/json\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def drip(connection: socket.socket, over: threading.Event, piece: bytes = b"x") -> None:
    """Send a piece at intervals shorter than any timeout between pieces."""
    while not over.wait(0.02):
        connection.sendall(piece)


def drip_a_head(connection: socket.socket, over: threading.Event) -> None:
    """Send a head that does not end."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    drip(connection, over)


def drip_informational_heads(connection: socket.socket, over: threading.Event) -> None:
    """Send one informational head after another, and no final one."""
    connection.recv(65536)
    drip(connection, over, b"HTTP/1.1 103 Early Hints\r\n\r\n")


def drip_a_body(connection: socket.socket, over: threading.Event) -> None:
    """Send the head, and a body of which each byte comes in time."""
    connection.recv(65536)
    connection.sendall(HEAD)
    drip(connection, over)


def drip_chunks(connection: socket.socket, over: threading.Event) -> None:
    """Send a body of chunks without a last one."""
    connection.recv(65536)
    connection.sendall(CHUNKED)
    drip(connection, over, b"1\r\nx\r\n")


def drip_a_body_late(connection: socket.socket, over: threading.Event) -> None:
    """Send nothing for most of the read timeout, then a slow body."""
    connection.recv(65536)
    over.wait(0.2)
    connection.sendall(HEAD)
    drip(connection, over)


def fall_silent(connection: socket.socket, over: threading.Event) -> None:
    """Send the head and a byte of the body, and then nothing."""
    connection.recv(65536)
    connection.sendall(HEAD + b"{")
    over.wait(10)


def send_nothing(connection: socket.socket, over: threading.Event) -> None:
    """Read the request and send nothing."""
    connection.recv(65536)
    over.wait(10)


def timed(client: ApiClient) -> tuple[Undelivered, float]:
    """Return the reason for the missing response, and the seconds until it was known."""
    began = time.monotonic()
    (reply,) = replies(client, GET)
    took = time.monotonic() - began
    assert isinstance(reply, Undelivered)
    assert reply.why is NoResponse.TIMEOUT
    return reply, took


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """Load the libraries before timeouts are measured."""
    with talking(respond) as port, api_client(f"http://127.0.0.1:{port}") as client:
        assert bodies(client, GET) == [b"{}"]


@pytest.mark.parametrize(
    "talk",
    [drip_a_head, drip_informational_heads, drip_a_body, drip_chunks, drip_a_body_late],
)
def test_a_response_that_drips_is_left_when_its_request_is_over(talk: Talk) -> None:
    """A slow response ends with the total timeout, although each piece is within the read timeout.

    The next request has a new connection.
    """
    with (
        talking(talk, respond) as port,
        api_client(f"http://127.0.0.1:{port}", **SHORT) as client,
    ):
        reply, took = timed(client)
        # A body has no more than the read time-out, once its head is there.
        assert SHORT["read_timeout"] <= took < LONGEST + SLACK
        assert reply.detail in LATE
        assert bodies(client, GET) == [b"{}"]


@pytest.mark.parametrize("talk", [drip_a_body, drip_chunks])
def test_a_body_has_no_longer_than_the_read_timeout(talk: Talk) -> None:
    """A body may last no longer than the read timeout, whatever the total timeout."""
    patient = {**SHORT, "connect_timeout": 30.0}
    with (
        talking(talk, respond) as port,
        api_client(f"http://127.0.0.1:{port}", **patient) as client,
    ):
        reply, took = timed(client)
    assert isinstance(reply, Undelivered)
    assert took < patient["connect_timeout"]


def test_a_server_that_sends_nothing_is_left_at_the_read_timeout() -> None:
    """A server that sends nothing is given up at the read timeout."""
    with (
        talking(send_nothing, respond) as port,
        api_client(f"http://127.0.0.1:{port}", read_timeout=0.3) as client,
    ):
        reply, took = timed(client)
        assert 0.3 <= took < 0.3 + SLACK
        assert reply.detail.startswith("SocketTimeoutError")
        assert bodies(client, GET) == [b"{}"]


def test_a_tls_handshake_that_hangs_is_left_at_the_connect_timeout() -> None:
    """A TLS handshake that hangs is given up at the connect timeout."""
    with (
        talking(send_nothing) as port,
        api_client(f"https://127.0.0.1:{port}", connect_timeout=0.3) as client,
    ):
        reply, took = timed(client)
        assert 0.3 <= took < 0.3 + SLACK
        assert reply.detail.startswith("ConnectionTimeoutError")


def test_a_proxy_whose_head_drips_is_left_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy whose response to ``CONNECT`` is slow is given up at the total timeout."""
    with talking(drip_a_head) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        with api_client("https://elephant.test", **SHORT) as client:
            _, took = timed(client)
            assert SHORT["connect_timeout"] <= took < LONGEST + SLACK


def test_a_body_that_falls_silent_is_left_before_the_read_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A body that stops is given up before the read timeout."""
    monkeypatch.setattr(response_body, "LONGEST_SILENCE", 0.2)
    with talking(fall_silent) as port:
        elephant = ElephantClient(
            ElephantOptions(base_url=f"http://127.0.0.1:{port}", api_key="sk-apik_1.secret")
        )
        began = time.monotonic()
        outcome = read(elephant)
        assert time.monotonic() - began < 0.2 + SLACK
        elephant.close()
    assert isinstance(outcome, Failure)
    assert outcome.problem.reason == "askelephant_timeout"
