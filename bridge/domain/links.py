"""Compares links that another system may have rewritten without changing what they open.

Source: RFC 3986, section 6.2 (https://www.rfc-editor.org/rfc/rfc3986#section-6.2), and what URL
libraries do beyond it: they add the empty path's slash, and encode what is no URL character.
"""

import re
from contextlib import suppress
from urllib.parse import quote, urlsplit

LONGEST = 2_048
"""Characters of a link that a payload may hold: browsers and databases cut longer ones."""

BLOCKED_SCHEMES = frozenset({"javascript", "data", "vbscript", "blob", "file"})
"""AskElephant's reference for "Create engagement" rejects these: they can run code."""

WEB_SCHEMES = frozenset({"http", "https"})
OPAQUE_SCHEMES = frozenset({"tel", "sms", "mailto", "sip", "sips", "callto", "skype", "facetime"})
"""Schemes whose links have no slash after the colon. With any other scheme, such a text is a host
with its port (``localhost:3000``) or a label (``Call: Jane``)."""

_LINK = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):([^\s\x00-\x1f\x7f]+)")
DEFAULT_PORTS = {"http": 80, "https": 443}
_UNRESERVED = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!'()*")
_ENCODED = re.compile("%([0-9A-Fa-f]{2})")
_KEPT = ":/?#[]@!$&'()*+,;=%~"
"""Reserved characters mean another thing when they are encoded, so they are kept as they are:
https://www.rfc-editor.org/rfc/rfc3986#section-2.2
"""


def is_link(url: str) -> bool:
    """Return whether ``url`` is a whole link whose scheme runs no code.

    A path, a host with its port, and a label are no links.
    """
    match = _LINK.fullmatch(url)
    if match is None or len(url) > LONGEST:
        return False
    scheme, rest = match[1].lower(), match[2]
    if scheme in WEB_SCHEMES:
        return rest.startswith("//") and _has_host(url)
    if scheme in BLOCKED_SCHEMES:
        return False
    return bool(rest.strip("/")) and (rest.startswith("/") or scheme in OPAQUE_SCHEMES)


def same_link(one: str, other: str) -> bool:
    """Return whether two links open the same page."""
    return one == other or normalised_link(one) == normalised_link(other)


def normalised_link(url: str) -> str:
    """Return the normal form of ``url``: two spellings of one link have the same.

    Scheme and host are in lower case, also of custom schemes, whose host some libraries lower.
    Default ports, empty queries and fragments, and slashes at the end of the path are left out.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url
    if not parts.scheme:
        return url
    path = _encoding(parts.path).rstrip("/")
    if not parts.netloc or not parts.netloc.rstrip(":"):
        path = f"{parts.scheme}:{path}"
    else:
        path = f"{parts.scheme}://{_authority(parts.netloc, parts.scheme, port)}{path}"
    query = f"?{_encoding(parts.query)}" if parts.query else ""
    return path + query + (f"#{_encoding(parts.fragment)}" if parts.fragment else "")


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _authority(netloc: str, scheme: str, port: int | None) -> str:
    user, at, host = netloc.rpartition("@")
    host = re.sub(r":[0-9]*$", "", host).lower()
    with suppress(UnicodeError):  # a host that IDNA cannot encode stays as it is
        host = host.encode("idna").decode() if not host.isascii() else host
    shown = "" if port in {None, DEFAULT_PORTS.get(scheme)} else f":{port}"
    return f"{_encoding(user)}{at}{_encoding(host)}{shown}"


def _encoding(text: str) -> str:
    """Return ``text`` percent-encoded in upper case, and only where a character needs it."""
    return quote(_ENCODED.sub(_unescaped, text), safe=_KEPT)


def _unescaped(escape: re.Match[str]) -> str:
    byte = int(escape[1], 16)
    return chr(byte) if byte in _UNRESERVED else escape[0].upper()
