"""The outline of a refused body: a small copy of its JSON that still contains the call id.

A body over the size limit is not kept as a whole, and its call id may follow a long transcript. So
the outline is built piece by piece while the body is received. A string that is too long for an id
becomes empty. Each array keeps its first item, followed by ``null`` if there were more.
"""

import json
import re
from typing import Any

STRING_LIMIT = 2048
"""Bytes of the longest string that is kept. A call id has at most 200 characters, and an escaped
character has six bytes.
"""

OUTLINE_LIMIT = 32 * 1024
DEPTH_LIMIT = 64
TOKENS_LIMIT = 50_000
"""How many tokens are read one by one. This bounds the CPU time for a body of many small tokens."""

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_FLAT = rb'(?:[^"\[\]{}]++|' + _STRING + rb")*+"
_PLAIN = re.compile(rb'[^"\[\]{},]*+')
_SKIPPED = re.compile(
    rb'(?:[^"\[\]{}]++|' + _STRING + rb"|\{" + _FLAT + rb"\}|\[" + _FLAT + rb"\])*+", re.DOTALL
)
"""Matches values, and containers without inner containers, so that one match skips them all."""

_IN_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},]', re.DOTALL)
_CLOSERS = {"{": "}", "[": "]"}


class Outline:
    """Builds the outline (a small copy) of a JSON body from its pieces, which may have any size."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._tokens = 0
        self._containers = bytearray()
        self._skipped_depth: int | None = None
        self._string: bytearray | None = None
        self._is_escaped = False

    def feed(self, piece: bytes) -> None:
        """Add the next piece of the body. An outline that has reached its limit ignores it."""
        at = 0
        while at < len(piece):
            is_long = len(self._kept) > OUTLINE_LIMIT or self._tokens > TOKENS_LIMIT
            if is_long or len(self._containers) > DEPTH_LIMIT:
                return
            at = self._plain(piece, at) if self._string is None else self._in_string(piece, at)

    def text(self) -> bytes:
        """Return the outline so far: valid JSON if the whole body was fed and no limit reached."""
        return bytes(self._kept)

    def _plain(self, piece: bytes, at: int) -> int:
        """Read up to the end of the next token outside of strings. Return that index.

        After the first item of an array, all tokens are skipped up to the end of the array.
        """
        is_skipped = self._skipped_depth is not None
        run = (_SKIPPED if is_skipped else _PLAIN).match(piece, at)
        assert run is not None  # noqa: S101 - both patterns match the empty text
        end, token = run.end(), piece[run.end() : run.end() + 1]
        if not is_skipped:
            self._kept += run[0].strip()
        if token == b'"':
            self._string = bytearray()
        elif self._skipped_depth is None:
            self._keep(token)
        elif token in {b"{", b"["}:
            self._skipped_depth += 1
        elif token and self._skipped_depth:
            self._skipped_depth -= 1
        elif token:
            self._skipped_depth = None
            self._keep(b"]")
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

    def _in_string(self, piece: bytes, at: int) -> int:
        """Read the string that begins or continues at ``at``. Return the index where it ended."""
        content = _IN_STRING.match(piece, at + self._is_escaped)
        end = content.end() if content else at + 1
        string = self._string if self._string is not None else bytearray()
        if len(string) <= STRING_LIMIT:
            string += piece[at : min(end, at + STRING_LIMIT + 1)]
        self._is_escaped = piece[end : end + 1] == b"\\"
        if self._is_escaped:  # the piece ends between a backslash and the escaped character
            string += b"\\"
        elif end < len(piece):
            self._string = None
            if self._skipped_depth is None:
                self._kept += b'"%s"' % (string if len(string) <= STRING_LIMIT else b"")
        return end + 1


def salvaged(raw: bytes) -> bytes | None:
    """Return the readable part of a damaged body or of an outline, as a valid JSON object.

    All JSON after the first damage is left out. Of a duplicate key the last value is used. ``NaN``
    and ``Infinity`` become ``null``. Return ``None`` if no object can be read.
    """
    outline = Outline()
    outline.feed(raw)
    text = outline.text().decode("utf-8-sig", errors="replace")
    try:
        found = _loaded(text)
    except json.JSONDecodeError as error:
        try:
            found = _loaded(_closed(text[: error.pos]))
        except json.JSONDecodeError:
            return None
    return json.dumps(found).encode() if isinstance(found, dict) else None


def _loaded(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Parse JSON text. Numbers become strings, because Python rejects very long integers.

    https://docs.python.org/3/library/stdtypes.html#integer-string-conversion-length-limitation
    """
    return json.loads(
        text, strict=False, parse_int=str, parse_float=str, parse_constant=lambda _: None
    )


def _closed(text: str) -> str:
    """Cut JSON text after its last complete value, and close the objects and arrays left open."""
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
