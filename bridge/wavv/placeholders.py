"""Recognises texts that stand for a missing value, and merge fields that were not rendered.

For a missing value, a workflow sends its language's text (``undefined``, ``None``), a spreadsheet
``#N/A``, and a template without data the merge field itself (``{{call.id}}``). Such a text is a
missing value in each field, as ``null`` is.
"""

import re
from typing import Any

MISSING = frozenset(
    {
        *("undefined", "null", "none", "nil", "nan", "n/a", "na", "n.a.", "n.a", "empty", "blank"),
        *("not set", "not available", "not provided", "not applicable", "no value", "no data"),
        *("-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "\u2026", "?", "??", "???", "_"),
        *("#n/a", "#null!", "#ref!", "#value!", "#name?", "#error!", "object object"),
        *("(pending)", "(pending...)", "(pending\u2026)", "object undefined", "object null"),
    }
)
"""Compared without case and without brackets or quotes around the text. ``[]`` is one, too."""

NAME_FIELDS = frozenset({"lead_name", "agent_name"})
LINK_FIELD = "recording_url"
NAMES = frozenset({"Na", "Nan", "Nil"})
"""Given names. Written like this they are real values in a name's field."""

_LONGEST = 24
_OPENING, _CLOSING = "([<{\"'`", ")]>}\"'`"
_FIRST = frozenset(
    {text[0] for text in MISSING} | {text[0].upper() for text in MISSING} | {*_OPENING}
)
"""The first characters of such texts. Most values begin with another one, which ends the test."""

_BRACES = r"\{{2,3}[^{}]{0,200}\}{2,3}|[$#@!]\{[^{}]{0,200}\}|\{%[^{}%]{0,200}%\}|<%[^<>%]{0,200}%>"
_SINGLE = (
    r"\{[^{}\"]{1,80}\}|\[\[[^\[\]]{1,80}\]\]|\[\w+(?:\.\w+)+\]|<[A-Za-z_][\w. -]{0,80}>"
    r"|%%[^%]{1,80}%%|%[A-Za-z_][\w. -]{0,80}%|\*\|[^|]{1,80}\|\*|\$\([^()]{1,80}\)"
    r"|\$[A-Za-z_]\w{0,40}(?:\.\w{1,40})+"
)
_ONLY_FIELDS = re.compile(rf"\s*(?:(?:{_BRACES}|{_SINGLE})[\s,;:/|_.+-]*)+")
_FIELD = re.compile(rf"{_BRACES}|\{{\{{[^{{}}]{{0,200}}$|\[object \w+\]", re.IGNORECASE)
_MARKS = frozenset("{[<%*$")


def is_missing(value: Any) -> bool:  # noqa: ANN401 - any JSON
    """Return whether ``value`` is null, blank, or a text that stands for a missing value."""
    if not isinstance(value, str):
        return value is None
    if value and value[0] not in _FIRST and not value[0].isspace():
        return False
    if len(value) > _LONGEST and not value.isspace():
        return False
    text = value.strip().lower()
    if not text or text in MISSING:
        return True
    while len(text) > 1 and text[0] in _OPENING and text[-1] in _CLOSING:
        text = text[1:-1].strip()
    return not text or text in MISSING


def is_missing_in(field: str, value: Any) -> bool:  # noqa: ANN401 - any JSON
    """Return whether ``value`` stands for a missing value in ``field``: ``Na`` may be a given name.

    In the field of the recording's link such a text is kept, so that the timeline shows it.
    """
    if not is_missing(value):
        return False
    if not isinstance(value, str):
        return True
    if field == LINK_FIELD:
        return not value.strip()
    return field not in NAME_FIELDS or value.strip() not in NAMES


def may_have_merge_field(text: str) -> bool:
    """Return whether ``text`` has a character with which a merge field begins."""
    return not _MARKS.isdisjoint(text)


def is_unrendered(text: str) -> bool:
    """Return whether ``text`` consists of merge fields only."""
    return not _MARKS.isdisjoint(text[:200]) and _ONLY_FIELDS.fullmatch(text[:2000]) is not None


def has_merge_field(text: str) -> bool:
    """Return whether ``text`` contains an unmistakable merge field."""
    return not _MARKS.isdisjoint(text) and _FIELD.search(text) is not None


def without_merge_fields(text: str) -> str:
    """Return ``text`` without the merge fields that it contains."""
    return _FIELD.sub("", text)
