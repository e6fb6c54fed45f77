"""httptools' HTTP request parser, changed to ignore the header ``Upgrade``.

A client that supports HTTP/2 sends ``Upgrade: h2c`` with an ordinary POST (``curl --http2``, Java's
``HttpClient``). httptools then treats all bytes after the head as another protocol. So uvicorn runs
the application with an empty body, and parses the body as the next request. A server may ignore
``Upgrade`` (RFC 9110, 7.8). So this parser reads the head a second time without that header, and
then reads the body.

https://github.com/MagicStack/httptools/issues/124
https://github.com/Kludex/uvicorn/issues/2722
"""

from typing import Any, Protocol

import httptools

from bridge.errors import BridgeError
from bridge.patch_guard import guard_patch

guard_patch(__name__, httptools, {"HttpParserUpgrade": None})
guard_patch(
    __name__,
    httptools.HttpRequestParser,
    {
        "feed_data": None,
        "get_http_version": None,
        "get_method": None,
        "set_dangerous_leniencies": None,
        "should_upgrade": None,
    },
)


class NoTunnelError(BridgeError):
    """The request is a CONNECT, which the bridge does not support. uvicorn responds 400."""


class Head(Protocol):
    """The connection that uses the parser. It holds the parsed URL and headers of the request."""

    parser: httptools.HttpRequestParser
    url: bytes
    headers: list[tuple[bytes, bytes]]


class PlainParser(httptools.HttpRequestParser):
    """A request parser that reads every request as plain HTTP/1.1.

    For a head with ``Upgrade``, the callbacks run twice. ``on_headers_complete`` and
    ``on_message_complete`` must ignore the first run, in which ``should_upgrade`` is true. The
    second run uses a new parser, because the first one may accept no more data (``Connection:
    close``).
    """

    def __init__(self, connection: Head) -> None:
        super().__init__(connection)
        self._connection = connection
        # uvicorn sets this on its parser, too: https://github.com/Kludex/uvicorn/pull/2488
        self.set_dangerous_leniencies(lenient_data_after_close=True)

    def feed_data(self, data: Any) -> None:  # noqa: ANN401 - any buffer
        """Parse ``data``. Raises ``httptools.HttpParserError``, never ``HttpParserUpgrade``."""
        try:
            super().feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            plain = self._connection.parser = PlainParser(self._connection)
            version = self.get_http_version().encode()
            head = [self.get_method() + b" " + self._connection.url + b" HTTP/" + version]
            head += [
                name + b": " + value
                for name, value in self._connection.headers
                if name != b"upgrade"
            ]
            plain.feed_data(b"\r\n".join([*head, b"", b""]))
            plain.feed_data(memoryview(data)[upgrade.args[0] :])
