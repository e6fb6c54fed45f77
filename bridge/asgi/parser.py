"""The HTTP parser of a connection: httptools' own, except that it ignores ``Upgrade``.

A client that would like HTTP/2 sends ``Upgrade: h2c`` with an ordinary POST (``curl --http2``,
Java's ``HttpClient``). httptools then treats everything after the head as another protocol, so
uvicorn runs the application with an empty body and parses the body as the next request. A server
may ignore ``Upgrade`` (RFC 9110, 7.8): the head is fed a second time without that header, and the
body follows.

https://github.com/MagicStack/httptools/issues/124
https://github.com/Kludex/uvicorn/issues/2722
"""

from typing import Any, Protocol

import httptools

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


class NoTunnelError(Exception):
    """The request is a CONNECT, which has no body and no meaning here. uvicorn responds 400."""


class Head(Protocol):
    """The connection of a parser: it keeps the request's target and headers as they are parsed."""

    parser: httptools.HttpRequestParser
    url: bytes
    headers: list[tuple[bytes, bytes]]


class PlainParser(httptools.HttpRequestParser):
    """A request parser for which every request is plain HTTP/1.1.

    The callbacks of a head with ``Upgrade`` run twice. ``should_upgrade`` is true during the first
    run only: ``on_headers_complete`` and ``on_message_complete`` must ignore that one. The second
    run has a new parser, because the first one may be at its end (``Connection: close``).
    """

    def __init__(self, connection: Head) -> None:
        super().__init__(connection)
        self._connection = connection
        # As uvicorn's own parser: the response to a pipelined request may close the connection.
        self.set_dangerous_leniencies(lenient_data_after_close=True)

    def feed_data(self, data: Any) -> None:  # noqa: ANN401 - any buffer
        """Parse ``data``. Raises ``httptools.HttpParserError``, never ``HttpParserUpgrade``."""
        try:
            super().feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            plain = self._connection.parser = PlainParser(self._connection)
            plain.feed_data(self._head_without_upgrade())
            plain.feed_data(memoryview(data)[upgrade.args[0] :])

    def _head_without_upgrade(self) -> bytes:
        version = self.get_http_version().encode()
        lines = [self.get_method() + b" " + self._connection.url + b" HTTP/" + version]
        lines += [
            name + b": " + value for name, value in self._connection.headers if name != b"upgrade"
        ]
        return b"\r\n".join([*lines, b"", b""])
