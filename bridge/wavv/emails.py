"""E-mail addresses: only what has the form of one address is sent to AskElephant.

AskElephant does not document whether it checks them. A server that does rejects the whole call for
a participant's malformed e-mail.
"""

import re

_IN_BRACKETS = re.compile(r"[^<>@]*<\s*([^<>\s]+)\s*>")
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_LOCAL}@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}")
LONGEST = 254
"""RFC 3696, erratum 1690: https://www.rfc-editor.org/errata/eid1690."""


def one_address(text: str) -> str | None:
    """Return the address in ``text`` (``address`` or ``Name <address>``), or ``None``."""
    bare = text.strip()
    if match := _IN_BRACKETS.fullmatch(bare):
        bare = match.group(1)
    if bare[:7].lower() == "mailto:":
        bare = bare[7:]
    return bare if len(bare) <= LONGEST and _ADDRESS.fullmatch(bare) else None
