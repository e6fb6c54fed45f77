"""Reads links to recordings. A link that AskElephant cannot fetch is ``unusable``.

AskElephant rejects a ``media_url`` whose scheme is not https, and one with a private, loopback or
link-local address ("Create engagement", https://docs.askelephant.ai/llms.txt). After such a
rejection the call would fail. So the link is dropped, and the call waits for a usable link.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from bridge.domain.engagement import is_media_url
from bridge.errors import MalformedBodyError
from bridge.strict_json import read_object
from bridge.wavv.aliases import ALIASES
from bridge.wavv.keys import letters
from bridge.wavv.read import UNREADABLE, Read
from bridge.wavv.values import FLAGS, UNUSABLE, has_empty_part, line, text

MOST_INSIDE = 20
"""How many recordings of a list are read. The rest is ignored."""

CUT = "cut"
_NEXT_LINK = re.compile(r"[\s,;|]+(?=https?://)|[\r\n]")
_INSIDE = frozenset(map(letters, ALIASES["recording_url"])).union(
    ("uri", "link", "href", "src", "file", "fileurl", "mp3", "mp3url", "audio", "media")
)
"""The keys under which an object holds the link, if an object was sent in place of a link."""


def link(value: object) -> Read:
    """Read a recording's link: a text, a list of links, or an object with a key such as ``url``.

    Of several recordings the first usable one is returned, with the flaw ``cut``. A flag in place
    of the link (``recording: true``) is a missing value without a flaw.
    """
    return _first(_reads(value))


def links(value: object) -> list[str]:
    """Return the links to all recordings in ``value`` that AskElephant can fetch."""
    return [*dict.fromkeys(read.value for read in _reads(value) if read.value is not None)]


def is_fetchable(url: str) -> bool:
    """Return whether AskElephant would fetch ``url``: https, with a host that is not local."""
    return _is_web(url, "https") and is_media_url(url)


def web_links(value: object) -> Iterator[str]:
    """Yield all http and https links in ``value``, also those that AskElephant cannot fetch."""
    if isinstance(value, list):
        for item in value[:MOST_INSIDE]:
            yield from web_links(item)
    elif isinstance(value, dict):
        for inner in _links_of(value):
            yield from web_links(inner)
    elif (read := line(value).value) and _is_web(read, "http", "https"):
        yield read


def _reads(value: object) -> list[Read]:
    """Return one ``Read`` for each recording in ``value``, which may hold a list as JSON text."""
    if isinstance(value, list):
        return [read for item in value[:MOST_INSIDE] for read in _reads(item)][:MOST_INSIDE]
    if isinstance(value, dict):
        inside = _links_of(value)
        found = _first([link(one) for one in inside]) if inside or not value else UNREADABLE
        return [found if found.value is None else Read(found.value)]
    read = text(value)
    if value is None or isinstance(value, bool) or (read.value or "").lower() in FLAGS:
        return []
    if read.flaw is not None:
        return [UNREADABLE if read.flaw == UNREADABLE.flaw else Read(None, UNUSABLE)]
    written = read.value or ""
    if written[:1] in {"[", "{"}:
        with suppress(MalformedBodyError):
            if inner := read_object(f'{{"url":{written}}}'.encode())["url"]:
                return _reads(inner)
    urls = [part.strip().replace(" ", "%20") for part in _NEXT_LINK.split(written)]
    return [
        Read(url)
        if is_fetchable(url) and not has_empty_part(url)
        else Read(None, UNUSABLE if url else None)
        for url in urls[:MOST_INSIDE]
    ]


def _links_of(value: dict[str, Any]) -> list[Any]:
    return [inner for key, inner in value.items() if letters(key) in _INSIDE]


def _first(reads: Sequence[Read]) -> Read:
    """Return the first usable link, with the flaw ``cut`` if there are more recordings."""
    found = dict.fromkeys(read for read in reads if read != Read(None))
    best = next((read for read in found if read.value is not None), None)
    if best is not None:
        return best if len(found) == 1 else Read(best.value, CUT)
    return Read(None, UNUSABLE) if Read(None, UNUSABLE) in found else next(iter(found), Read(None))


def _is_web(url: str, *schemes: str) -> bool:
    """Return whether ``url`` has one of ``schemes``, and a host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    return parts.scheme in schemes and bool(host) and "%" not in host
