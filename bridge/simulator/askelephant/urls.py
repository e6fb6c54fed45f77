"""Which URLs AskElephant takes: where media may lie, and what ``external_url`` may be."""

import ipaddress
import re
import socket
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
"""What the host of a recording would say of it. Signed URLs often have no extension at all."""


def media_url_error(url: str) -> str | None:
    """Return why the media cannot be fetched, as an error code, or ``None``."""
    parts = _split(url)
    if parts is None or parts.scheme != "https" or not parts.hostname:
        return "media_url_not_https"
    if _is_local(parts.hostname):
        return "media_url_private_address"
    if not content_type(parts.path).startswith(("audio/", "video/")):
        return "media_content_type"
    return None


def content_type(path: str) -> str:
    """Return the type a recording at ``path`` would be served with."""
    suffix = PurePosixPath(path).suffix.lower()
    return CONTENT_TYPES.get(suffix, "application/octet-stream")


def external_url_error(url: str) -> str | None:
    """Return why the URL is refused, or ``None``. Browsers skip blanks inside a scheme."""
    scheme = _SCHEME.match(_UNSEEN.sub("", url))
    if scheme is None:
        return "external_url_invalid"
    return "external_url_blocked_scheme" if scheme[1].lower() in BLOCKED_SCHEMES else None


def normalised(url: str) -> str:
    """Return the URL as ``new URL(url).href`` writes it, as far as scheme, host and path go.

    The empty path becomes a slash only in the schemes that the WHATWG calls special:
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


def _is_local(host: str) -> bool:
    name = host.rstrip(".")
    address = _address(name)
    if address is None:
        return name.endswith(_LOCAL_NAMES)
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address in any spelling a resolver takes, such as ``127.1`` or ``0x7f000001``."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None
