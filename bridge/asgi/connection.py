"""uvicorn's HTTP connection with timeouts, size limits and a limit on the number of connections.

uvicorn waits for a request's head without end, reads a head of any size, and waits without end for
a client that does not read its response. A few thousand connections that send one byte now and then
(slowloris) would use up all file descriptors. Here head, body and response have a timeout each.
When the limit of connections is reached, the connection whose last complete request is the oldest
is closed, so clients that complete their requests are served.

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
"""Seconds from the first byte of a request, or from the start of the connection, to its head's end.
"""

MESSAGE_SECONDS = BODY_SECONDS + 5
"""Seconds from the end of the head to the end of the body.

The receiver of the body has its own, shorter timeout and has sent its response before.
"""

WRITE_SECONDS = 30.0
"""Seconds for which a client may read nothing while a response to it is waiting."""

HEAD_LIMIT = 64 * 1024
FRAME_LIMIT = 256 * 1024
"""Bytes around a chunked body: chunk lengths, extensions, trailers. The body has its own limit."""

MOST_PIPELINED = 8
"""Requests that may wait for the response to an earlier one of the same connection.

uvicorn keeps all of them, and thousands fit into one read.
"""

MOST_CONNECTIONS = 2048
_OPEN_FILES, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
PLACES = min(MOST_CONNECTIONS, _OPEN_FILES * 3 // 4)
"""Open connections. A quarter of the file descriptors is left for Redis, the broker and the log."""

WARN_EVERY = 60.0

log = structlog.get_logger(__name__)


class RequestLimitError(BridgeError):
    """A request's head is too large, or too many requests wait. uvicorn responds 400 and closes."""


class Trailers(list[tuple[bytes, bytes]]):
    """The list for headers that follow a body. It discards them: uvicorn would keep gigabytes."""

    def append(self, _: tuple[bytes, bytes], /) -> None:
        """Discard the header."""


class Connection(HttpToolsProtocol):
    """A connection with timeouts and limits. For ``uvicorn --http``, one server per process."""

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
        if len(self._by_last_request) > PLACES:
            oldest = next(iter(self._by_last_request))
            del self._by_last_request[oldest]
            oldest.transport.abort()
            if self.loop.time() >= Connection._warned_at + WARN_EVERY:
                Connection._warned_at = self.loop.time()
                log.warning("connections.limit_reached", places=PLACES)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the count, and end its timeouts."""
        self._by_last_request.pop(self, None)
        self._expect(None)
        self._set_timer()
        self._stop_waiting_for_reader()
        self._stop_answering()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count and parse received bytes. Any byte starts a head's timeout, also a blank line."""
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
        """Refuse the request and close the connection. No other response is written to it."""
        super().send_400_response(msg)
        self._stop_answering()

    def on_message_begin(self) -> None:
        """Start the timeout of a head."""
        super().on_message_begin()
        self._expect(HEAD_SECONDS)

    def on_headers_complete(self) -> None:
        """Start the timeout of the body. Raises ``RequestLimitError`` for a head over the limit."""
        if self.parser.should_upgrade():  # the parser feeds the head again without ``Upgrade``
            if self.parser.get_method() == b"CONNECT":
                raise NoTunnelError
            return
        if len(self.pipeline) >= MOST_PIPELINED:
            raise RequestLimitError
        if self._read_bytes > HEAD_LIMIT:  # else the head cannot be over its limit
            sizes = [len(name) + len(value) for name, value in self.headers]
            if len(self.url) + sum(sizes) > HEAD_LIMIT:
                raise RequestLimitError
        self._in_head, self._head_bytes, self._frame_bytes = False, 0, 0
        self._expect(MESSAGE_SECONDS)
        super().on_headers_complete()
        self.headers = Trailers()
        self._answering = self._answering or self.cycle

    def on_body(self, body: bytes) -> None:
        """Subtract the body from the count of bytes around it."""
        self._frame_bytes -= len(body)
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Note which request is next to get its response. uvicorn only notes the newest request."""
        self._answering = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()

    def on_message_complete(self) -> None:
        """End the timeout of the body, and note that this connection completed a request."""
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
        """End the timeout: the client reads its response again."""
        super().resume_writing()
        self._stop_waiting_for_reader()

    def _expect(self, seconds: float | None) -> None:
        """Note the timeout of the part that is received next; ``None`` = no timeout.

        ``_set_timer`` starts it. A request that arrives in one read needs no timer.
        """
        self._limit, self._is_timed = seconds, False

    def _set_timer(self) -> None:
        """Start the timeout of the part that is being received, and end the one before."""
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
        """Discard the response that is being made: writing it would now be an error."""
        if self._answering is not None:
            self._answering.disconnected = True
