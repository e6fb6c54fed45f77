"""Servers that send exact bytes to the outbound client, and a client with short timeouts."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

from bridge.outbound.client import ApiClient, HttpOptions, Reply, Request, Response

Talk = Callable[[socket.socket, threading.Event], object]
"""What a server does with one connection; the event is set when the test is over."""

GET = Request("GET", "/v2")
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def talking(*talks: Talk) -> Iterator[int]:
    """Run a server with one ``Talk`` for each connection in order; yield its port."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def serve(talk: Talk, connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.settimeout(10)
                talk(connection, over)

        def accept() -> None:
            with suppress(OSError):
                for talk in talks:
                    connection, _ = listener.accept()
                    threads.append(threading.Thread(target=serve, args=(talk, connection)))
                    threads[-1].start()

        threads = [threading.Thread(target=accept)]
        threads[0].start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(10)


def respond(connection: socket.socket, _: threading.Event) -> None:
    """Respond to every request until the client closes the connection."""
    while connection.recv(65536):
        connection.sendall(WHOLE)


def options(base_url: str, **changes: Any) -> HttpOptions:  # noqa: ANN401 - options
    """Return options with timeouts for a server that responds at once."""
    common: dict[str, Any] = {
        "base_url": base_url,
        "read_timeout": 10.0,
        "connect_timeout": 10.0,
        "write_timeout": 10.0,
        "max_answer_bytes": 1000,
    }
    return HttpOptions(**common | changes)


def api_client(base_url: str, **changes: Any) -> closing[ApiClient]:  # noqa: ANN401 - options
    """Return a client that closes with its block."""
    return closing(ApiClient(options(base_url, **changes), "key"))


def replies(client: ApiClient, *requests: Request) -> list[Reply]:
    """Send the requests concurrently; return the replies in the order of their requests."""
    placed = dict(one for group in client.send(requests) for one in group)
    return [placed[place] for place in range(len(requests))]


def bodies(client: ApiClient, *requests: Request) -> list[bytes]:
    """Return the bodies of the responses, all of which must have status 200."""
    came = replies(client, *requests)
    assert all(isinstance(reply, Response) and reply.status == 200 for reply in came), came
    return [reply.body for reply in came if isinstance(reply, Response)]
