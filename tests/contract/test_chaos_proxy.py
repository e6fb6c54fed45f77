"""The faults of the chaos suite's TCP proxy happen."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from bridge.supervise.embedded import free_port
from tests.chaos.proxy import Proxy
from tests.support.waiting import WITHIN

HELLO = b"hello"


@pytest.fixture
def echo() -> Iterator[int]:
    """Run a server that sends everything back; give its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_serve, args=(listener,))
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@pytest.fixture
def proxy(echo: int) -> Iterator[Proxy]:
    """Run a proxy in front of that server."""
    with Proxy(echo, free_port()) as running:
        yield running


def test_a_reset_breaks_the_connections_there_are(proxy: Proxy) -> None:
    """``reset`` resets all open connections, and new ones work."""
    with _connected(proxy) as near:
        assert _echoed(near) == HELLO
        assert proxy.reset() == 1
        with pytest.raises(ConnectionResetError):
            near.recv(1)
    with _connected(proxy) as other:
        assert _echoed(other) == HELLO


def test_a_delay_counts_each_way(proxy: Proxy) -> None:
    """``delay`` delays both directions, and messages do not wait for each other."""
    with _connected(proxy) as near:
        assert _echoed(near) == HELLO
        proxy.delay = 0.2
        begun = time.monotonic()
        for _ in range(5):
            near.sendall(HELLO)
            time.sleep(0.01)
        assert _received(near, 5 * len(HELLO)) == 5 * HELLO
        assert 0.4 <= time.monotonic() - begun < 1


def test_a_frozen_connection_stays_silent(proxy: Proxy) -> None:
    """``freeze`` silences connections without closing them; ``thaw`` lets only new ones work."""
    with _connected(proxy) as old:
        assert _echoed(old) == HELLO
        assert proxy.freeze() == 1
        with _connected(proxy) as new:
            for near in (old, new):
                near.settimeout(0.2)
                with pytest.raises(TimeoutError):
                    _echoed(near)
        proxy.thaw()
        with pytest.raises(TimeoutError):
            _echoed(old)
        with _connected(proxy) as later:
            assert _echoed(later) == HELLO


def test_a_refused_connection_fails_at_once(proxy: Proxy) -> None:
    """After ``refuse`` connections are closed and refused until ``accept``."""
    with _connected(proxy) as near:
        assert _echoed(near) == HELLO
        proxy.refuse()
        assert near.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            _connected(proxy)
    proxy.accept()
    with _connected(proxy) as again:
        assert _echoed(again) == HELLO


def _serve(listener: socket.socket) -> None:
    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_echo, args=(near,)).start()


def _echo(near: socket.socket) -> None:
    with near:
        try:
            while data := near.recv(65536):
                near.sendall(data)
        except OSError:
            return


def _connected(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=WITHIN)


def _echoed(near: socket.socket) -> bytes:
    near.sendall(HELLO)
    return _received(near, len(HELLO))


def _received(near: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count and (data := near.recv(count - len(received))):
        received += data
    return received
