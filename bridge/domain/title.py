"""The title of an engagement: from the operator's template, on one line, cut cleanly."""

import re
import unicodedata
from datetime import UTC, datetime
from textwrap import shorten

from bridge.domain.call import Call

LIMIT = 500
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_JOINER = "\u200d"
_JOINED = frozenset({"Mn", "Mc", "Me", "Cf", "Sk"})
"""Unicode's categories of accents, joiners, variation selectors and skin tones."""
_LETTER = "[\U0001f1e6-\U0001f1ff]"
_FLAG_LETTER = re.compile(_LETTER)
_HALF_FLAG = re.compile(f"(?<!{_LETTER})({_LETTER}{{2}})*{_LETTER}$")


def title(call: Call, template: str) -> str:
    """Return a title of 1 to 500 characters, on one line, cut at a word where it must be cut."""
    text = _BLANKS.sub(" ", template.format_map(_values(call))).strip()
    return _cut(text or f"Call {call.call_id}", LIMIT)


def _values(call: Call) -> dict[str, str]:
    said = call.metadata
    return {
        "contact": said.lead_name or said.lead_phone or "unknown contact",
        "contact_name": said.lead_name or "",
        "phone": said.lead_phone or "",
        "direction": (said.direction or "").lower(),
        "time": _written(call.began_at),
        "agent": said.agent_name or "",
        "call_id": call.call_id,
    }


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _cut(text: str, limit: int) -> str:
    """Drop the last words that do not fit, or cut within a word that is over half of the title."""
    shortened = shorten(text, limit, placeholder="…", break_on_hyphens=False)
    if len(text) <= limit or len(shortened) > limit // 2:
        return shortened
    return text[: _boundary(text, limit - 1)].rstrip() + "…"


def _boundary(text: str, end: int) -> int:
    """Return the last place up to ``end`` that splits no character as people see it."""
    clean = (at for at in range(end, end // 2, -1) if not _continues(text, at))
    return next(clean, end)


def _continues(text: str, at: int) -> bool:
    """Tell whether the code point there belongs to the one before it (Unicode annex 29, in short).

    The letters of a flag come in pairs: after an odd number of them the next one belongs to it.
    """
    before, here = text[at - 1], text[at]
    if _FLAG_LETTER.match(here):
        return _HALF_FLAG.search(text, 0, at) is not None
    return unicodedata.category(here) in _JOINED or before == _JOINER
