"""Recognises texts that stand for a missing value, and merge fields that were not rendered.

For a missing value, a workflow sends its language's text (``undefined``, ``None``), a spreadsheet
sends ``#N/A``, and a template without data sends the merge field itself (``{{call.id}}``). Such a
text is read as a missing value, as ``null`` is.
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
"""Texts that stand for a missing value. Case, and brackets or quotes around a text, are ignored."""

NAME_FIELDS = frozenset({"lead_name", "agent_name"})
LINK_FIELD = "recording_url"
NAMES = frozenset({"Na", "Nan", "Nil"})
"""Given names that look like missing values. In this spelling they are real values of a name's
field.
"""

_LONGEST = 24
_OPENING, _CLOSING = "([<{\"'`", ")]>}\"'`"
_FIRST = frozenset(
    {text[0] for text in MISSING} | {text[0].upper() for text in MISSING} | {*_OPENING}
)
"""The first characters of texts for a missing value. A value with another first character needs no
further test.
"""

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

    A text in the field of the recording's link is kept, so that the call's timeline shows it.
    """
    if not is_missing(value):
        return False
    if not isinstance(value, str):
        return True
    if field == LINK_FIELD:
        return not value.strip()
    return field not in NAME_FIELDS or value.strip() not in NAMES


def may_have_merge_field(text: str) -> bool:
    """Return whether ``text`` contains a character that may begin a merge field (``{{name}}``)."""
    return not _MARKS.isdisjoint(text)


def is_unrendered(text: str) -> bool:
    """Return whether ``text`` consists only of merge fields (``{{name}}``)."""
    return not _MARKS.isdisjoint(text[:200]) and _ONLY_FIELDS.fullmatch(text[:2000]) is not None


def has_merge_field(text: str) -> bool:
    """Return whether ``text`` contains an unmistakable merge field (``{{name}}``)."""
    return not _MARKS.isdisjoint(text) and _FIELD.search(text) is not None


def without_merge_fields(text: str) -> str:
    """Return ``text`` with its merge fields (``{{name}}``) removed."""
    return _FIELD.sub("", text)
