"""uvicorn's HTTP connection with timeouts, size limits and a limit on the number of connections.

uvicorn waits without a timeout for a request's head and for a client that does not read its
response, and it reads a head of any size. A few thousand connections that send a byte now and then
(slowloris) would use up all file descriptors. Here head, body and response each have a timeout.
When the limit of connections is reached, the connection whose last complete request is the oldest
is closed, so that clients that complete their requests are served.

https://github.com/Kludex/uvicorn/issues/157
"""

import asyncio
import resource
from typing import Any, ClassVar

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from bridge.asgi.parser import NoTunnelError, PlainParser
from bridge.asgi.request_body import BODY_SECONDS
from bridge.errors import BridgeError
from bridge.patch_guard import guard_patch

guard_patch(
    __name__,
    HttpToolsProtocol,
    {
        "connection_lost": "self, exc",
        "connection_made": "self, transport",
        "cycle": None,
        "data_received": "self, data",
        "headers": None,
        "loop": None,
        "on_body": "self, body",
        "on_headers_complete": "self",
        "on_message_begin": "self",
        "on_message_complete": "self",
        "on_response_complete": "self",
        "parser": None,
        "pause_writing": "self",
        "pipeline": None,
        "resume_writing": "self",
        "send_400_response": "self, msg",
        "transport": None,
        "url": None,
    },
)
guard_patch(__name__, RequestResponseCycle, {"disconnected": None})

HEAD_SECONDS = 10.0
"""The timeout of a request's head, in seconds. It starts with the connection, and with the first
byte of each later request.
"""

MESSAGE_SECONDS = BODY_SECONDS + 5
"""The timeout of a request's body, in seconds, from the end of the head.

It is longer than ``BODY_SECONDS``, after which the application responds that the body is too slow.
"""

WRITE_SECONDS = 30.0
"""The timeout of a client that does not read its response, in seconds."""

HEAD_LIMIT = 64 * 1024
FRAME_LIMIT = 256 * 1024
"""The most bytes of chunk lengths, extensions and trailers around a chunked body."""

MOST_PIPELINED = 8
"""How many requests of a connection may wait for the response to an earlier request.

uvicorn keeps all waiting requests in memory, and one read from the socket may hold thousands.
"""

MOST_CONNECTIONS = 2048
_OPEN_FILES, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
CONNECTION_LIMIT = min(MOST_CONNECTIONS, _OPEN_FILES * 3 // 4)
"""The limit of open connections. It leaves a quarter of the file descriptors to Redis, the broker
and the log.
"""

WARN_EVERY = 60.0

log = structlog.get_logger(__name__)


class RequestLimitError(BridgeError):
    """A request's head is too large, or too many requests of one connection wait for a response.

    uvicorn responds 400 and closes the connection.
    """


class Trailers(list[tuple[bytes, bytes]]):
    """A list that discards the headers after a body (trailers), which could fill the memory."""

    def append(self, _: tuple[bytes, bytes], /) -> None:
        """Discard the header."""


class Connection(HttpToolsProtocol):
    """An HTTP connection of uvicorn, with timeouts and limits. For one server per process."""

    _by_last_request: ClassVar[dict["Connection", None]] = {}
    _warned_at: ClassVar[float] = -WARN_EVERY

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's arguments
        super().__init__(*args, **kwargs)
        self.parser = PlainParser(self)
        self._limit: float | None = None
        self._is_timed = True
        self._until_sent: asyncio.TimerHandle | None = None
        self._until_read: asyncio.TimerHandle | None = None
        self._in_head = True
        self._head_bytes = 0
        self._frame_bytes = 0
        self._read_bytes = 0
        self._answering: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Count the connection, and start the timeout of its first head.

        Over the limit, close the connection whose last complete request is the oldest.
        """
        super().connection_made(transport)
        self._expect(HEAD_SECONDS)
        self._set_timer()
        self._by_last_request[self] = None
        if len(self._by_last_request) > CONNECTION_LIMIT:
            oldest = next(iter(self._by_last_request))
            del self._by_last_request[oldest]
            oldest.transport.abort()
            if self.loop.time() >= Connection._warned_at + WARN_EVERY:
                Connection._warned_at = self.loop.time()
                log.warning(
                    "connections.limit_reached",
                    limit=CONNECTION_LIMIT,
                    detail="The slowest sender was disconnected. Check senders, and ulimit -n.",
                )

    def connection_lost(self, exc: Exception | None) -> None:
        """Subtract the connection from the count, and stop its timeouts."""
        self._by_last_request.pop(self, None)
        self._expect(None)
        self._set_timer()
        self._stop_waiting_for_reader()
        self._stop_answering()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count and parse received bytes. Any byte, also a blank line, starts a head's timeout."""
        if self._limit is None:
            self._expect(HEAD_SECONDS)
        self._read_bytes = self._head_bytes + len(data)
        if self._in_head:
            self._head_bytes += len(data)
        else:
            self._frame_bytes += len(data)
        super().data_received(data)
        is_in_limit = (
            self._head_bytes <= HEAD_LIMIT if self._in_head else self._frame_bytes <= FRAME_LIMIT
        )
        if not is_in_limit and not self.transport.is_closing():
            self.send_400_response("The request's head, or the data around its body, is too large.")
        self._set_timer()

    def send_400_response(self, msg: str) -> None:
        """Send a 400 and close the connection. No later response is written to the connection."""
        super().send_400_response(msg)
        self._stop_answering()

    def on_message_begin(self) -> None:
        """Start the timeout of the request's head, because its first byte was received."""
        super().on_message_begin()
        self._expect(HEAD_SECONDS)

    def on_headers_complete(self) -> None:
        """Start the timeout of the body. Raises ``RequestLimitError`` for a head over the limit."""
        if self.parser.should_upgrade():  # the parser reads the head again without ``Upgrade``
            if self.parser.get_method() == b"CONNECT":
                raise NoTunnelError
            return
        if len(self.pipeline) >= MOST_PIPELINED:
            raise RequestLimitError
        if self._read_bytes > HEAD_LIMIT:  # with fewer bytes the head cannot exceed its limit
            sizes = [len(name) + len(value) for name, value in self.headers]
            if len(self.url) + sum(sizes) > HEAD_LIMIT:
                raise RequestLimitError
        self._in_head, self._head_bytes, self._frame_bytes = False, 0, 0
        self._expect(MESSAGE_SECONDS)
        super().on_headers_complete()
        self.headers = Trailers()
        self._answering = self._answering or self.cycle

    def on_body(self, body: bytes) -> None:
        """Pass on a piece of the body, and do not count it as bytes around the body."""
        self._frame_bytes -= len(body)
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Set the waiting request that gets the next response. uvicorn would use the newest one."""
        self._answering = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()

    def on_message_complete(self) -> None:
        """Stop the timeout of the body, and mark that this connection has completed a request."""
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        self._in_head = True
        self._expect(None)
        if self._by_last_request.pop(self, self) is None:
            self._by_last_request[self] = None

    def pause_writing(self) -> None:
        """Start the timeout of a client that does not read its response."""
        super().pause_writing()
        if self._until_read is None:
            self._until_read = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the timeout of ``pause_writing``: the client reads its response again."""
        super().resume_writing()
        self._stop_waiting_for_reader()

    def _expect(self, seconds: float | None) -> None:
        """Set the timeout of the next part to receive, head or body. ``None`` is no timeout.

        ``_set_timer`` starts the timer. A request that arrives in one read needs none.
        """
        self._limit, self._is_timed = seconds, False

    def _set_timer(self) -> None:
        """Start the timeout of the part that is being received, and stop the previous timeout."""
        if self._is_timed:
            return
        self._is_timed = True
        if self._until_sent is not None:
            self._until_sent.cancel()
            self._until_sent = None
        if self._limit is not None:
            self._until_sent = self.loop.call_later(self._limit, self.transport.abort)

    def _stop_waiting_for_reader(self) -> None:
        if self._until_read is not None:
            self._until_read.cancel()
            self._until_read = None

    def _stop_answering(self) -> None:
        """Discard the application's response: writing it after the 400 would be an error."""
        if self._answering is not None:
            self._answering.disconnected = True
