"""E-mail addresses: only what has the form of one address is read, and sent to AskElephant.

AskElephant does not document whether it checks them. A server that does rejects the whole call for
a participant's malformed e-mail.
"""

import re

_NAMED = re.compile(r"[^<>@]*<\s*([^<>\s]+)\s*>")
_MAILTO = "mailto:"
_EMAIL = re.compile(
    r"(?=.{3,254}$)(?=[^@]{1,64}@)"
    r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*@"
    r"([^\W_]([\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]*[^\W_]"
)
"""One address whose host has a dot: stricter than the rule of HTML forms,
https://html.spec.whatwg.org/#valid-e-mail-address, but for letters beyond ASCII (RFC 6531)
"""


def is_email(text: str) -> bool:
    """Return whether ``text`` has the form of one e-mail address, without a name around it."""
    return _EMAIL.fullmatch(text) is not None


def one_email(text: str | None) -> str | None:
    """Return the address in ``text`` (``address`` or ``Name <address>``), or ``None``."""
    address = (text or "").strip()
    if named := _NAMED.fullmatch(address):
        address = named[1]
    if address[: len(_MAILTO)].lower() == _MAILTO:
        address = address[len(_MAILTO) :]
    return address if is_email(address) else None
