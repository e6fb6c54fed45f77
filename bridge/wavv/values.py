"""Reads single values of events: texts, ids, names, e-mail addresses, flags and page links.

The types of values differ between senders: CRM workflows send each value as a string (``"99"``,
``"true"``). If a value cannot be read, only its field is missing, and the event is still accepted.
"""

import re

from bridge.domain.emails import one_email
from bridge.wavv.placeholders import (
    has_merge_field,
    is_unrendered,
    may_have_merge_field,
    without_merge_fields,
)
from bridge.wavv.read import UNREADABLE, UNRENDERED, Read, written

LINE_LIMIT = 1_000
UNUSABLE = "unusable"
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
FLAGS = {
    **dict.fromkeys(("true", "yes", "y", "t", "1", "on"), True),
    **dict.fromkeys(("false", "no", "n", "f", "0", "off"), False),
}
_NAME_PARTS = frozenset({"undefined", "Undefined", "UNDEFINED", "null", "None", "NaN", "nan"})
_EMPTY_SEGMENTS = frozenset({"undefined", "null", "none", "nan"})
_INBOUND = ("inbound", "incoming", "received")
_OUTBOUND = ("outbound", "outgoing", "placed", "dialed", "dialled")


def text(value: object) -> Read:
    """Read a text of any length and number of lines, such as a transcript.

    Merge fields (``{{name}}``) in the text are removed, with the flaw ``unrendered``.
    """
    whole = written(value)
    if whole is None:
        return UNREADABLE
    clean = (whole if whole.isprintable() else _CONTROLS.sub("", whole)).strip()
    if not may_have_merge_field(clean):
        return Read(clean or None)
    if is_unrendered(clean):
        return UNRENDERED
    if has_merge_field(clean):
        return Read(without_merge_fields(clean).strip() or None, "unrendered")
    return Read(clean or None)


def line(value: object) -> Read:
    """Read a text of one line, cut at 1,000 characters."""
    whole, flaw = text(value)
    joined = " ".join(whole.split()) if whole else whole
    if joined and len(joined) > LINE_LIMIT:
        return Read(joined[:LINE_LIMIT], "cut")
    return Read(joined, flaw)


def identifier(value: object) -> Read:
    """Read an id. ``0`` is a missing id. An id with a merge field (``{{name}}``) is not read."""
    read = line(value)
    if read.flaw == UNRENDERED.flaw:
        return UNRENDERED
    return read if read.value is None or read.value.strip("0-") else Read(None)


def name(value: object) -> Read:
    """Read a person's name, and remove parts that stand for a missing value.

    ``Dana undefined`` becomes ``Dana``, with the flaw ``unrendered``.
    """
    read = line(value)
    parts = (read.value or "").split(" ")
    kept = [part for part in parts if part not in _NAME_PARTS]
    if len(kept) == len(parts):
        return read if read.value != "0" else Read(None)
    return Read(" ".join(kept) or None, UNRENDERED.flaw if kept else None)


def email(value: object) -> Read:
    """Read an e-mail address. A text that is not exactly one address has the flaw ``unusable``."""
    read = line(value)
    if read.value is None or read.flaw is not None:
        return read._replace(value=None)
    address = one_email(read.value)
    if address is None and not read.value.strip("0"):
        return Read(None)
    return Read(address, None if address else UNUSABLE)


def direction(value: object) -> Read:
    """Read a call's direction as ``inbound`` or ``outbound``; other text is put in lower case."""
    read = line(value)
    if not read.value:
        return read
    word = read.value.lower()
    letters = "".join(filter(str.isalpha, word))
    if letters == "in" or letters.startswith(_INBOUND):
        return Read("inbound")
    if letters == "out" or letters.startswith(_OUTBOUND):
        return Read("outbound")
    return read._replace(value=word)


def flag(value: object) -> Read:
    """Read a boolean."""
    word = str(value).lower() if isinstance(value, bool) else written(value)
    known = FLAGS.get((word or "").strip().lower())
    return UNREADABLE if known is None else Read(known)


def page(value: object) -> Read:
    """Read a link to a page, of any scheme."""
    read = text(value)
    if read.flaw is not None or (read.value and has_empty_part(read.value)):
        return UNRENDERED if read.flaw != UNREADABLE.flaw else UNREADABLE
    return read


def has_empty_part(url: str) -> bool:
    """Return whether a segment of the URL's path stands for a missing value: ``/undefined/``."""
    path = url.partition("?")[0]
    parts = (part.partition(".")[0].lower() for part in path.split("/"))
    return not _EMPTY_SEGMENTS.isdisjoint(parts)
