"""A listener that must get no connection; it records those that it gets."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Listener:
    """A listener; ``heard`` has the first bytes of each connection."""

    port: int
    heard: list[bytes] = field(default_factory=list)

    def urls(self, path: str) -> tuple[str, ...]:
        """Return URLs of the listener in spellings of which some pass address filters."""
        hosts = (
            "127.0.0.1",
            "localhost",
            "2130706433",
            "0x7f000001",
            "127.1",
            "[::ffff:127.0.0.1]",
        )
        return tuple(f"https://{host}:{self.port}/{path}" for host in hosts)


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen on a port of the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = Listener(server.getsockname()[1])
        thread = threading.Thread(target=_accept, args=(server, one))
        thread.start()
        try:
            yield one
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(server: socket.socket, one: Listener) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(2)
            try:
                one.heard.append(connection.recv(200))
            except OSError:
                one.heard.append(b"")
