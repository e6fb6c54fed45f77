"""The parts of HTTP/1.1 that the benchmark needs: builds messages, and splits a byte stream."""

import re
from collections.abc import Iterator

END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Splitter:
    """Splits the bytes of a keep-alive connection into HTTP messages, by ``Content-Length``."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Add received bytes. Yield head and body of each message that is now complete."""
        self._rest += data
        while (end := self._rest.find(END)) >= 0:
            head, start = self._rest[:end], end + len(END)
            found = _LENGTH.search(head)
            stop = start + (int(found[1]) if found else 0)
            if len(self._rest) < stop:
                return
            body, self._rest = self._rest[start:stop], self._rest[stop:]
            yield head, body


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Build the bytes of an HTTP request."""
    lines = {"Host": "127.0.0.1", **headers, "Content-Length": str(len(body))}
    return _message(f"{method} {path} HTTP/1.1", lines, body)


def response(status: str, body: bytes = b"") -> bytes:
    """Build the bytes of an HTTP response. ``status`` is for example ``200 OK``."""
    lines = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    return _message(f"HTTP/1.1 {status}", lines, body)


def _message(first: str, headers: dict[str, str], body: bytes) -> bytes:
    head = "\r\n".join([first, *(f"{name}: {value}" for name, value in headers.items())])
    return head.encode() + END + body
