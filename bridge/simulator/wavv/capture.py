"""Reads captured webhook requests from a JSONL file, to send them again byte for byte.

A line is ``{"path": "/webhooks/wavv", "headers": {…}, "body": "…"}``. For a body that is not UTF-8
text, ``"body_base64"`` replaces ``"body"``.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bridge.errors import CaptureError, MalformedBodyError
from bridge.simulator.wavv.delivery import Delivery
from bridge.strict_json import read_object

CONNECTION_HEADERS = frozenset(
    {"host", "connection", "keep-alive", "content-length", "transfer-encoding", "expect"}
)
"""Headers of the captured connection (RFC 9110, 7.6.1). They are dropped before a re-send."""


def read_capture(path: Path) -> Iterator[Delivery]:
    """Yield the webhook requests in a file, in the order of its lines. Blank lines are skipped.

    Raises ``CaptureError``, which names the first line that cannot be read.
    """
    with path.open("rb") as lines:
        yield from parse_capture(lines)


def parse_capture(lines: Iterable[bytes]) -> Iterator[Delivery]:
    """Yield the webhook requests in ``lines``, as ``read_capture`` does for a file."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            captured = read_object(line)
        except MalformedBodyError as error:
            raise CaptureError(number, error.detail) from None
        path, headers = captured.get("path"), captured.get("headers", {})
        if not isinstance(path, str) or not path.startswith("/"):
            raise CaptureError(
                number, 'give "path" as a path on the bridge, such as "/webhooks/wavv"'
            )
        if not isinstance(headers, dict) or not all(
            isinstance(value, str) and value.isascii() and value.isprintable()
            for value in headers.values()
        ):
            raise CaptureError(number, 'give "headers" as an object of names and text')
        kept = (pair for pair in headers.items() if pair[0].lower() not in CONNECTION_HEADERS)
        yield Delivery(path, _body(number, captured), tuple(kept))


def _body(number: int, captured: dict[str, Any]) -> bytes:
    match captured:
        case {"body": str(), "body_base64": _}:
            raise CaptureError(number, 'give either "body" or "body_base64", not both')
        case {"body": str(text)}:
            return text.encode()
        case {"body_base64": str(encoded)}:
            try:
                return b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                raise CaptureError(
                    number, '"body_base64" is not base64; encode the body again'
                ) from None
        case _:
            raise CaptureError(number, 'give "body" as text, or "body_base64" as base64 of it')
