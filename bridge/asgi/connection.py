"""One sender's connection: uvicorn's own, with bounds on how slow, how large and how many.

uvicorn waits for a request's head for ever, reads one of any size, and never gives up on a reader
that does not read. A few thousand connections that send a byte now and then (slowloris) would take
every file descriptor. Here each stage has a last moment, and when all places are taken, the
connection whose last whole request is longest ago makes room: those who finish are served.

https://github.com/Kludex/uvicorn/issues/157
"""

import asyncio
import resource
from typing import Any, ClassVar

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from bridge.asgi.parser import NoTunnelError, PlainParser
from bridge.asgi.request_body import BODY_SECONDS
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
"""From a request's first byte, or the connection's start, to the end of its head."""

MESSAGE_SECONDS = BODY_SECONDS + 5
"""From the end of the head to the end of the body; ``read_body`` has answered by then."""

WRITE_SECONDS = 30.0
"""How long a reader may leave its answer unread."""

HEAD_LIMIT = 64 * 1024
FRAME_LIMIT = 256 * 1024
"""Bytes around a chunked body: lengths, extensions, trailers. The body is bounded by its reader."""

MOST_PIPELINED = 8
"""Requests that may wait for the one before them: thousands fit into one read, all of them kept."""

MOST_CONNECTIONS = 2048
_OPEN_FILES, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
PLACES = min(MOST_CONNECTIONS, _OPEN_FILES * 3 // 4)
"""A quarter of the descriptors is kept for Redis, the broker and the log."""

TELL_EVERY = 60.0

log = structlog.get_logger(__name__)


class TooMuch(Exception):  # noqa: N818 - the name says what happened
    """A head, or a queue of requests, is over its limit. uvicorn answers 400 and closes."""


class Trailers(list[tuple[bytes, bytes]]):
    """Headers behind a body, which nobody reads: uvicorn would keep each, up to gigabytes."""

    def append(self, _: tuple[bytes, bytes], /) -> None:
        """Let it go."""


class Connection(HttpToolsProtocol):
    """A connection with last moments. For ``uvicorn --http``; a process runs one server."""

    _by_last_request: ClassVar[dict["Connection", None]] = {}
    _told_at: ClassVar[float] = -TELL_EVERY

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
        """Give the connection a place, and its first head a last moment."""
        super().connection_made(transport)
        self._expect(HEAD_SECONDS)
        self._set_timer()
        self._by_last_request[self] = None
        if len(self._by_last_request) > PLACES:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._by_last_request.pop(self, None)
        self._expect(None)
        self._set_timer()
        self._stop_waiting_for_reader()
        self._stop_answering()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of a head, and begin its time even if they are only blank lines."""
        if self._limit is None:
            self._expect(HEAD_SECONDS)
        self._read_bytes = self._head_bytes + len(data)
        if self._in_head:
            self._head_bytes += len(data)
        else:
            self._frame_bytes += len(data)
        super().data_received(data)
        if self._is_endless() and not self.transport.is_closing():
            self.send_400_response("The request's head, or what is around its body, is too large.")
        self._set_timer()

    def send_400_response(self, msg: str) -> None:
        """Refuse what came, and answer no more: the connection is closed behind this."""
        super().send_400_response(msg)
        self._stop_answering()

    def on_message_begin(self) -> None:
        """Begin the time of a head."""
        super().on_message_begin()
        self._expect(HEAD_SECONDS)

    def on_headers_complete(self) -> None:
        """Refuse a head that came whole and is too large; begin the time of the body."""
        if self.parser.should_upgrade():  # the parser feeds the head again without ``Upgrade``
            if self.parser.get_method() == b"CONNECT":
                raise NoTunnelError
            return
        if self._is_large() or len(self.pipeline) >= MOST_PIPELINED:
            raise TooMuch
        self._in_head, self._head_bytes, self._frame_bytes = False, 0, 0
        self._expect(MESSAGE_SECONDS)
        super().on_headers_complete()
        self.headers = Trailers()
        self._answering = self._answering or self.cycle

    def on_body(self, body: bytes) -> None:
        """Take the body out of the count of what is around it."""
        self._frame_bytes -= len(body)
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Note whose turn it is now: uvicorn only knows which request came last."""
        self._answering = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()

    def on_message_complete(self) -> None:
        """Let the sender rest: it has said what it came for."""
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        self._in_head = True
        self._expect(None)
        if self._by_last_request.pop(self, self) is None:
            self._by_last_request[self] = None

    def pause_writing(self) -> None:
        """Begin the time of a reader that does not read."""
        super().pause_writing()
        if self._until_read is None:
            self._until_read = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """End it: the answer flows again."""
        super().resume_writing()
        self._stop_waiting_for_reader()

    def _is_endless(self) -> bool:
        if self._in_head:
            return self._head_bytes > HEAD_LIMIT
        return self._frame_bytes > FRAME_LIMIT

    def _is_large(self) -> bool:
        """Tell whether the head is over its limit; no sum is needed if all that came is not."""
        if self._read_bytes <= HEAD_LIMIT:
            return False
        return (
            len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_LIMIT
        )

    def _expect(self, seconds: float | None) -> None:
        """Begin the next stage, which may take ``seconds``; ``None`` = nothing more is expected."""
        self._limit, self._is_timed = seconds, False

    def _set_timer(self) -> None:
        """Time the stage that the received bytes ended in. A request that came whole needs none."""
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
        """Let the answer that is being made go nowhere: writing it would be an error."""
        if self._answering is not None:
            self._answering.disconnected = True

    def _make_room(self) -> None:
        oldest = next(iter(self._by_last_request))
        del self._by_last_request[oldest]
        oldest.transport.abort()
        if self.loop.time() >= Connection._told_at + TELL_EVERY:
            Connection._told_at = self.loop.time()
            log.warning("connections.crowded", places=PLACES)
