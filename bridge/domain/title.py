"""Builds the title of an engagement from the operator's template."""

import re
import unicodedata
from datetime import UTC
from textwrap import shorten

from bridge.domain.call import Call

LIMIT = 500
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_JOINER = "\u200d"
_JOINED = frozenset({"Mn", "Mc", "Me", "Cf", "Sk"})
"""The Unicode categories of accents, joiners, variation selectors and skin tones."""
_LETTER = "[\U0001f1e6-\U0001f1ff]"
_FLAG_LETTER = re.compile(_LETTER)
_HALF_FLAG = re.compile(f"(?<!{_LETTER})({_LETTER}{{2}})*{_LETTER}$")


def title(call: Call, template: str) -> str:
    """Return the title of the call's engagement: 1 to 500 characters on one line.

    A longer title is cut at a space. If that would leave less than 250 characters, the title is cut
    between two characters instead.
    """
    metadata = call.metadata
    values = {
        "contact": metadata.lead_name or metadata.lead_phone or "unknown contact",
        "contact_name": metadata.lead_name or "",
        "phone": metadata.lead_phone or "",
        "direction": (metadata.direction or "").lower(),
        "time": call.began_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "agent": metadata.agent_name or "",
        "call_id": call.call_id,
    }
    text = _BLANKS.sub(" ", template.format_map(values)).strip() or f"Call {call.call_id}"
    shortened = shorten(text, LIMIT, placeholder="…", break_on_hyphens=False)
    if len(text) <= LIMIT or len(shortened) > LIMIT // 2:
        return shortened
    end = LIMIT - 1
    boundaries = (at for at in range(end, end // 2, -1) if not _continues(text, at))
    return text[: next(boundaries, end)].rstrip() + "…"


def _continues(text: str, at: int) -> bool:
    """Return whether the code point at ``at`` belongs to the visible character before it.

    This is a subset of https://www.unicode.org/reports/tr29/. A flag is a pair of flag letters:
    after an odd number of them, the next letter belongs to the same flag.
    """
    before, here = text[at - 1], text[at]
    if _FLAG_LETTER.match(here):
        return _HALF_FLAG.search(text, 0, at) is not None
    return unicodedata.category(here) in _JOINED or before == _JOINER
