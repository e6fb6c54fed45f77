"""Compares links by a normal form, because another system may return a link in another spelling.

The normal form follows RFC 3986, section 6.2 (https://www.rfc-editor.org/rfc/rfc3986#section-6.2).
It also covers two habits of URL libraries: they add a slash to an empty path, and encode characters
that a URL must not have.
"""

import re
from contextlib import suppress
from urllib.parse import quote, urlsplit

LONGEST = 2_048
"""The most characters of a link in a payload: browsers and databases truncate longer links."""

BLOCKED_SCHEMES = frozenset({"javascript", "data", "vbscript", "blob", "file"})
"""AskElephant rejects these schemes, because they can run code:
https://docs.askelephant.ai/api-reference/engagements/create-engagement
"""

WEB_SCHEMES = frozenset({"http", "https"})
OPAQUE_SCHEMES = frozenset({"tel", "sms", "mailto", "sip", "sips", "callto", "skype", "facetime"})
"""Schemes whose links have no slash after the colon.

With any other scheme, a text without that slash is a host with its port (``localhost:3000``) or a
label (``Call: Jane``).
"""

_LINK = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):([^\s\x00-\x1f\x7f]+)")
DEFAULT_PORTS = {"http": 80, "https": 443}
_UNRESERVED = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!'()*")
_ENCODED = re.compile("%([0-9A-Fa-f]{2})")
_KEPT = ":/?#[]@!$&'()*+,;=%~"
"""Reserved characters. They are not encoded, because encoding changes the meaning of a URL:
https://www.rfc-editor.org/rfc/rfc3986#section-2.2
"""


def is_link(url: str) -> bool:
    """Return whether ``url`` is an absolute link whose scheme cannot run code.

    A path, a host with its port, and a label are not links.
    """
    match = _LINK.fullmatch(url)
    if match is None or len(url) > LONGEST:
        return False
    scheme, rest = match[1].lower(), match[2]
    if scheme in WEB_SCHEMES:
        with suppress(ValueError):
            return rest.startswith("//") and bool(urlsplit(url).hostname)
        return False
    if scheme in BLOCKED_SCHEMES:
        return False
    return bool(rest.strip("/")) and (rest.startswith("/") or scheme in OPAQUE_SCHEMES)


def same_link(one: str, other: str) -> bool:
    """Return whether two links have the same normal form."""
    return one == other or normalised_link(one) == normalised_link(other)


def normalised_link(url: str) -> str:
    """Return the normal form of ``url``, which is the same for all spellings of one link.

    Scheme and host are in lower case. This includes hosts of custom schemes, because some libraries
    convert them to lower case. Default ports, empty queries and fragments, and trailing slashes of
    the path are removed. Text that is not a URL is returned unchanged.
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
        user, at, host = parts.netloc.rpartition("@")
        host = re.sub(r":[0-9]*$", "", host).lower()
        with suppress(UnicodeError):  # a host that IDNA cannot encode is kept
            host = host.encode("idna").decode() if not host.isascii() else host
        shown = "" if port in {None, DEFAULT_PORTS.get(parts.scheme)} else f":{port}"
        path = f"{parts.scheme}://{_encoding(user)}{at}{_encoding(host)}{shown}{path}"
    query = f"?{_encoding(parts.query)}" if parts.query else ""
    return path + query + (f"#{_encoding(parts.fragment)}" if parts.fragment else "")


def _encoding(text: str) -> str:
    """Return ``text`` with percent-encoding in upper case, and only where a URL needs it."""
    return quote(_ENCODED.sub(_unescaped, text), safe=_KEPT)


def _unescaped(escape: re.Match[str]) -> str:
    byte = int(escape[1], 16)
    return chr(byte) if byte in _UNRESERVED else escape[0].upper()
