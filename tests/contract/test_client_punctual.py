"""The client leaves an answer that does not come to its end, in time for the lease on its call.

Over real connections: what matters is which time-out reaches the socket.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from bridge import answer_body
from bridge.askelephant.client import ElephantClient, ElephantOptions
from bridge.domain.retry import Failure

KEY = "sk-apik_1.secret"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Type: application/json\r\n\r\n"
Talk = Callable[[socket.socket, threading.Event], object]


@contextmanager
def serving(talk: Talk) -> Iterator[str]:
    """Run a server that hears its one visitor, and then talks as told until the test is over."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            visitor, _ = listener.accept()
            with visitor, suppress(OSError):
                visitor.recv(65536)
                talk(visitor, over)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join(10)


def fall_silent(visitor: socket.socket, over: threading.Event) -> None:
    """Say the head and a byte of the body, and then nothing more."""
    visitor.sendall(HEAD + b"{")
    over.wait(10)


def drip_a_head(visitor: socket.socket, over: threading.Event) -> None:
    """Say a header's bytes, one now and then, without end."""
    visitor.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    while not over.wait(0.02):
        visitor.sendall(b"x")


def reason(options: ElephantOptions) -> str:
    """Return why a read failed."""
    elephant = ElephantClient(options)
    told = elephant.read("ngmt_1")
    elephant.close()
    assert isinstance(told, Failure)
    return told.problem.reason


def test_a_body_that_falls_silent_is_left_before_the_read_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The shorter time-out of the body reaches the socket."""
    monkeypatch.setattr(answer_body, "LONGEST_SILENCE", 0.2)
    with serving(fall_silent) as base_url:
        options = ElephantOptions(base_url=base_url, api_key=KEY)
        assert reason(options) == "askelephant_timeout"


def test_a_head_that_drips_is_left_before_its_lease_ends() -> None:
    """The read time-out starts anew with each byte, the request's does not.

    A worker would be held for hours, and another would have taken the call over.
    """
    with serving(drip_a_head) as base_url:
        options = ElephantOptions(
            base_url=base_url, api_key=KEY, read_timeout=0.3,
            connect_timeout=0.1, write_timeout=0.1, pool_timeout=0.1,
        )  # fmt: skip
        began = time.monotonic()
        assert reason(options) == "askelephant_timeout"
        assert options.read_timeout < time.monotonic() - began < options.longest_request
