"""Captured deliveries, one JSON object on each line of a file, to be sent again byte for byte.

A line is ``{"path": "/webhooks/wavv", "headers": {…}, "body": "…"}``; a body that is not UTF-8 text
is ``"body_base64"`` instead.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bridge.errors import CaptureError, MalformedBody
from bridge.simulator.wavv.delivery import Delivery
from bridge.strict_json import read_object

CONNECTION_HEADERS = frozenset(
    {"host", "connection", "keep-alive", "content-length", "transfer-encoding", "expect"}
)
"""Headers of the connection that is gone (RFC 9110, 7.6.1): the next one has its own."""


def read_capture(path: Path) -> Iterator[Delivery]:
    """Yield the deliveries in the file, in its order; blank lines are passed over.

    Raises ``CaptureError`` with the number of the first line that cannot be replayed.
    """
    with path.open("rb") as lines:
        yield from parse_capture(lines)


def parse_capture(lines: Iterable[bytes]) -> Iterator[Delivery]:
    """Yield the deliveries in ``lines``; see ``read_capture``."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _delivery(number, line)


def _delivery(number: int, line: bytes) -> Delivery:
    try:
        captured = read_object(line)
    except MalformedBody as error:
        raise CaptureError(number, error.detail) from None
    path = captured.get("path")
    if not isinstance(path, str) or not path.startswith("/"):
        raise CaptureError(number, 'give "path" as a path on the bridge, such as "/webhooks/wavv"')
    return Delivery(path, _body(number, captured), _headers(number, captured))


def _body(number: int, captured: dict[str, Any]) -> bytes:
    match captured:
        case {"body": str(), "body_base64": _}:
            raise CaptureError(number, 'give either "body" or "body_base64", not both')
        case {"body": str(text)}:
            return text.encode()
        case {"body_base64": str(encoded)}:
            return _decoded(number, encoded)
        case _:
            raise CaptureError(number, 'give "body" as text, or "body_base64" as base64 of it')


def _decoded(number: int, encoded: str) -> bytes:
    try:
        return b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise CaptureError(number, '"body_base64" is not base64; encode the body anew') from None


def _headers(number: int, captured: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    headers = captured.get("headers", {})
    if not isinstance(headers, dict) or not all(map(_is_header, headers.values())):
        raise CaptureError(number, 'give "headers" as an object of names and text')
    kept = (pair for pair in headers.items() if pair[0].lower() not in CONNECTION_HEADERS)
    return tuple(kept)


def _is_header(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isprintable()
