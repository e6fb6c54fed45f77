"""A TCP link on the loopback whose connections can freeze without being closed."""

import selectors
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

CHUNK = 65536
LOOK = 0.05


@dataclass
class _Pair:
    """The two ends of one connection; a frozen pair passes nothing, ever."""

    near: socket.socket
    far: socket.socket
    frozen: bool = False


@dataclass
class Link:
    """Forwards connections to a port of the loopback."""

    target: int
    port: int = 0
    _pairs: list[_Pair] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._selector = selectors.DefaultSelector()
        self._server = socket.create_server(("127.0.0.1", self.port))
        self.port = self._server.getsockname()[1]
        self._selector.register(self._server, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._carry)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._server.close()
        self._selector.close()
        for pair in self._pairs:
            pair.near.close()
            pair.far.close()

    def freeze(self) -> int:
        """Freeze all open connections, as a lost NAT entry does; return how many.

        New connections work. Neither end of a frozen connection is notified.
        """
        living = [pair for pair in self._pairs if not pair.frozen]
        for pair in living:
            pair.frozen = True
        return len(living)

    def _carry(self) -> None:
        while not self._ended.is_set():
            for key, _ in self._selector.select(LOOK):
                if key.data is None:
                    self._accept()
                else:
                    self._pass_on(*key.data)

    def _accept(self) -> None:
        near, _ = self._server.accept()
        try:
            far = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            near.close()
            return
        pair = _Pair(near, far)
        self._pairs.append(pair)
        self._selector.register(near, selectors.EVENT_READ, (pair, near, far))
        self._selector.register(far, selectors.EVENT_READ, (pair, far, near))

    def _pass_on(self, pair: _Pair, source: socket.socket, sink: socket.socket) -> None:
        if pair.frozen:  # unread bytes fill the kernel's buffers, as on a link that is down
            self._selector.unregister(source)
            return
        data = b""
        with suppress(OSError):
            data = source.recv(CHUNK)
            sink.sendall(data)
        if not data:
            self._close(pair)

    def _close(self, pair: _Pair) -> None:
        self._pairs.remove(pair)
        for end in (pair.near, pair.far):
            with suppress(KeyError):
                self._selector.unregister(end)
            end.close()
