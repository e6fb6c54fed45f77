"""Checks e-mail addresses: only text in the form of one address is sent to AskElephant.

AskElephant does not document whether its API checks e-mails
(https://docs.askelephant.ai/api-reference/engagements/create-engagement). If it does, it rejects
the whole request for one malformed e-mail.
"""

import re

_NAMED = re.compile(r"[^<>@]*<\s*([^<>\s]+)\s*>")
_MAILTO = "mailto:"
_EMAIL = re.compile(
    r"(?=.{3,254}$)(?=[^@]{1,64}@)"
    r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*@"
    r"([^\W_]([\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]*[^\W_]"
)
"""One address whose host has a dot. The pattern is stricter than the rule of HTML forms
(https://html.spec.whatwg.org/#valid-e-mail-address), but also allows letters beyond ASCII
(https://www.rfc-editor.org/rfc/rfc6531).
"""


def is_email(text: str) -> bool:
    """Return whether ``text`` is one e-mail address without a display name."""
    return _EMAIL.fullmatch(text) is not None


def one_email(text: str | None) -> str | None:
    """Return the address in ``text``, or ``None`` if ``text`` does not hold exactly one.

    ``text`` may be ``address``, ``mailto:address`` or ``Name <address>``.
    """
    address = (text or "").strip()
    if named := _NAMED.fullmatch(address):
        address = named[1]
    if address[: len(_MAILTO)].lower() == _MAILTO:
        address = address[len(_MAILTO) :]
    return address if is_email(address) else None
