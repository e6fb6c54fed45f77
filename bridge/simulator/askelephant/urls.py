"""Checks of ``media_url`` and ``external_url``, and the normalised form of an ``external_url``."""

import ipaddress
import re
import socket
from contextlib import suppress
from pathlib import PurePosixPath
from urllib.parse import SplitResult, urlsplit

BLOCKED_SCHEMES = frozenset({"javascript", "data", "vbscript", "blob", "file"})
SPECIAL_SCHEMES = frozenset({"http", "https"})
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_UNSEEN = re.compile(r"[\x00-\x20\x7f]")
_LOCAL_NAMES = ("localhost", ".localhost", ".local", ".internal")

CONTENT_TYPES = {
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    "": "audio/mpeg",
}
"""The content type of a recording by the extension of its URL. Many signed URLs have none."""


def media_url_error(url: str) -> str | None:
    """Return the error code for a ``media_url`` that cannot be fetched, or ``None`` if it can."""
    parts = _split(url)
    if parts is None or parts.scheme != "https" or not parts.hostname:
        return "media_url_not_https"
    host = parts.hostname.rstrip(".")
    is_local = host.endswith(_LOCAL_NAMES)
    with suppress(OSError, ValueError):  # the host is a name
        try:
            address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(host)
        except ValueError:  # resolvers also accept forms such as 127.1 and 0x7f000001
            address = ipaddress.IPv4Address(socket.inet_aton(host))
        is_local = not (getattr(address, "ipv4_mapped", None) or address).is_global
    if is_local:
        return "media_url_private_address"
    if not content_type(parts.path).startswith(("audio/", "video/")):
        return "media_content_type"
    return None


def content_type(path: str) -> str:
    """Return the content type that a recording at ``path`` would have."""
    suffix = PurePosixPath(path).suffix.lower()
    return CONTENT_TYPES.get(suffix, "application/octet-stream")


def external_url_error(url: str) -> str | None:
    """Return the error code for a rejected ``external_url``, or ``None`` if it is accepted.

    Spaces and control characters are removed before the scheme is read, because browsers ignore
    tabs and newlines inside it: https://url.spec.whatwg.org/#concept-basic-url-parser.
    """
    scheme = _SCHEME.match(_UNSEEN.sub("", url))
    if scheme is None:
        return "external_url_invalid"
    return "external_url_blocked_scheme" if scheme[1].lower() in BLOCKED_SCHEMES else None


def normalised(url: str) -> str:
    """Normalise scheme, host and path of a URL as JavaScript's ``new URL(url).href`` does.

    An empty path becomes a slash only in the schemes that the WHATWG calls special:
    https://url.spec.whatwg.org/#special-scheme.
    """
    parts = _split(url)
    if parts is None or not parts.netloc:
        return url
    userinfo, at, host = parts.netloc.rpartition("@")
    path = parts.path or ("/" if parts.scheme in SPECIAL_SCHEMES else "")
    return parts._replace(netloc=userinfo + at + host.lower(), path=path).geturl()


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts
