"""The outline of a body that is refused: small, and enough to read which call it names.

A body over the limit cannot be kept, and its call id may follow a transcript of any length. The
outline is made piece by piece as the body is received: strings that are too long for an id become
empty, and of each array only the first item stays, followed by ``null`` if there were more.
"""

import json
import re
from typing import Any

STRING_LIMIT = 2048
"""Bytes. A call id has at most 200 characters, each of them six bytes when it is escaped."""

OUTLINE_LIMIT = 32 * 1024
DEPTH_LIMIT = 64
TOKENS_LIMIT = 50_000
"""Tokens that are read one by one: a bound on the work for a body that consists of nothing else."""

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_FLAT = rb'(?:[^"\[\]{}]++|' + _STRING + rb")*+"
_PLAIN = re.compile(rb'[^"\[\]{},]*+')
_SKIPPED = re.compile(
    rb'(?:[^"\[\]{}]++|' + _STRING + rb"|\{" + _FLAT + rb"\}|\[" + _FLAT + rb"\])*+", re.DOTALL
)
"""What may be skipped at once: values, and containers that hold no other container."""

_IN_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},]', re.DOTALL)
_CLOSERS = {"{": "}", "[": "]"}


class Outline:
    """The outline of a body, which is fed in pieces of any size."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._tokens = 0
        self._containers = bytearray()
        self._skipped_depth: int | None = None
        self._string: bytearray | None = None
        self._is_escaped = False

    def feed(self, piece: bytes) -> None:
        """Add the next piece of the body. Nothing is added once the outline is full."""
        at = 0
        while at < len(piece) and not self._is_full():
            at = self._plain(piece, at) if self._string is None else self._in_string(piece, at)

    def text(self) -> bytes:
        """Return the outline so far: JSON, if the body was whole and the outline is not full."""
        return bytes(self._kept)

    def _is_full(self) -> bool:
        return (
            len(self._kept) > OUTLINE_LIMIT
            or len(self._containers) > DEPTH_LIMIT
            or self._tokens > TOKENS_LIMIT
        )

    def _plain(self, piece: bytes, at: int) -> int:
        """Read up to the next token, and the token; return where it ends."""
        is_skipped = self._skipped_depth is not None
        run = (_SKIPPED if is_skipped else _PLAIN).match(piece, at)
        assert run is not None  # noqa: S101 - both patterns match the empty text
        end, token = run.end(), piece[run.end() : run.end() + 1]
        if not is_skipped:
            self._kept += run[0].strip()
        if token == b'"':
            self._string = bytearray()
        elif is_skipped:
            self._skip(token)
        else:
            self._keep(token)
        self._tokens += 1
        return end + 1

    def _keep(self, token: bytes) -> None:
        self._kept += token
        if token in {b"{", b"["}:
            self._containers += token
        elif token in {b"}", b"]"}:
            del self._containers[-1:]
        elif token == b"," and self._containers[-1:] == b"[":
            self._kept += b"null"
            self._skipped_depth = 0

    def _skip(self, token: bytes) -> None:
        """Leave out a token of an array's further items; its end is kept."""
        depth = self._skipped_depth or 0
        if token in {b"{", b"["}:
            self._skipped_depth = depth + 1
        elif token and depth:
            self._skipped_depth = depth - 1
        elif token:
            self._skipped_depth = None
            self._keep(b"]")

    def _in_string(self, piece: bytes, at: int) -> int:
        """Read on in a string; return where reading stopped."""
        content = _IN_STRING.match(piece, at + self._is_escaped)
        end = content.end() if content else at + 1
        string = self._string if self._string is not None else bytearray()
        if len(string) <= STRING_LIMIT:
            string += piece[at : min(end, at + STRING_LIMIT + 1)]
        self._is_escaped = piece[end : end + 1] == b"\\"
        if self._is_escaped:  # the piece ends between a backslash and what it escapes
            string += b"\\"
        elif end < len(piece):
            self._end_string(string)
        return end + 1

    def _end_string(self, string: bytearray) -> None:
        self._string = None
        if self._skipped_depth is None:
            self._kept += b'"%s"' % (string if len(string) <= STRING_LIMIT else b"")


def salvaged(raw: bytes) -> bytes | None:
    """Return what can be read of a damaged body or of an outline, as a valid JSON object.

    What follows the damage is left out. Of a duplicate key the last value counts. ``NaN`` and
    ``Infinity`` become ``null``. ``None`` = nothing can be read.
    """
    outline = Outline()
    outline.feed(raw)
    text = outline.text().decode("utf-8-sig", errors="replace")
    try:
        found = _loaded(text)
    except json.JSONDecodeError as error:
        found = _loaded_beginning(text[: error.pos])
    return json.dumps(found).encode() if isinstance(found, dict) else None


def _loaded_beginning(text: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return _loaded(_closed(text))
    except json.JSONDecodeError:
        return None


def _loaded(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the value of JSON text. Numbers stay text: Python rejects integers of many digits.

    https://docs.python.org/3/library/stdtypes.html#integer-string-conversion-length-limitation
    """
    return json.loads(
        text, strict=False, parse_int=str, parse_float=str, parse_constant=lambda _: None
    )


def _closed(text: str) -> str:
    """Cut the text behind its last whole value, and close what is open there."""
    open_containers: list[str] = []
    end, closing = 0, ""
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "{" | "[" as container:
                open_containers.append(_CLOSERS[container])
            case "}" | "]":
                del open_containers[-1:]
            case ",":
                pass
            case _:
                continue
        end = token.start() if token[0] == "," else token.end()
        closing = "".join(reversed(open_containers))
    return text[:end] + closing
