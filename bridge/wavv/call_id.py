"""Finds the call's id in an event, and rejects values that cannot identify one call."""

import re
from typing import Any

from bridge.errors import UnusableEventError
from bridge.reasons import Reason
from bridge.wavv.aliases import ALIASES, Aliases
from bridge.wavv.envelope import Envelope
from bridge.wavv.keys import letters, plain
from bridge.wavv.placeholders import has_merge_field, is_missing, is_unrendered

CALL_ID_LIMIT = 200
ACCEPTED_KEYS = ("id", "callId", "call_id", "uuid", "call_uuid")
_NO_IDS = frozenset({"unknown", "true", "false", "tbd", "pending", "error"})
_OWN_KEYS = frozenset(map(letters, ALIASES["call_id"]))
"""A value that equals its key (``$call_id``) is a variable that the sender did not replace."""

_LONGEST_KEY = 2 * max(map(len, _OWN_KEYS))
_EMPTY_PART = re.compile(r"(?<![A-Za-z])(?:undefined|null|none|nan)(?![A-Za-z])", re.IGNORECASE)


def find_call_id(envelope: Envelope, aliases: Aliases) -> str:
    """Return the call's id. Raises ``UnusableEventError`` if the event has no usable call id."""
    is_bad = False
    for value in envelope.call_ids():
        if is_no_id(value):
            continue
        # Spreadsheets write the id ``7`` as ``7.0``.
        is_whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
        written = int(value) if is_whole else value
        if isinstance(written, str | int) and not isinstance(written, bool):
            call_id = str(written).strip(" ")
            # An id is part of Redis keys, URLs and log lines. U+FFFD stands for undecodable text.
            is_short = len(call_id) <= CALL_ID_LIMIT
            if is_short and call_id.isprintable() and "\ufffd" not in call_id:
                return call_id
        is_bad = True
    if is_bad:
        raise UnusableEventError(
            Reason.BAD_CALL_ID,
            f"The call id must be text or a whole number, of 1 to {CALL_ID_LIMIT} printable "
            "characters.",
        )
    added = [key for key in aliases["call_id"] if key not in ALIASES["call_id"]]
    keys = ", ".join(f"`{key}`" for key in (*added, *ACCEPTED_KEYS))
    raise UnusableEventError(
        Reason.NO_CALL_ID,
        f"The event has no call id. Send it as one of {keys} in the call's object, or outside of "
        "that object under one of them other than `id` and `uuid`. A placeholder such as "
        "`undefined`, `0` or an unrendered merge field is no id.",
    )


def is_no_id(value: Any) -> bool:  # noqa: ANN401 - any JSON
    """Return whether ``value`` stands for a missing id: blank, zeros, ``undefined``, a merge field.

    An id with such a part is rejected, too: many calls would share the id ``call-undefined``.
    """
    if is_missing(value):
        return True
    if not isinstance(value, str):
        return type(value) in {int, float} and value in {0, -1}
    text = value.strip()
    if not text.strip("0-.") or text == "-1":
        return True
    if is_unrendered(text) or has_merge_field(text):
        return True
    if len(text) <= _LONGEST_KEY and (text.lower() in _NO_IDS or plain(text) in _OWN_KEYS):
        return True
    return "n" in text.lower() and _EMPTY_PART.search(text, 0, CALL_ID_LIMIT) is not None
