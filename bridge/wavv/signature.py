"""How a delivery proves that it is WAVV's: a signature, or a secret it shares with us.

Pure: values in, an ``UnsignedError`` out. Every secret and every signature is compared, in constant
time, so that the time of an answer says nothing about how near a guess was.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

from bridge.errors import UnsignedError
from bridge.reasons import Reason

SIGNATURE_HEADER = "X-WAVV-Signature"
SECRET_HEADER = "X-Webhook-Secret"  # noqa: S105 - a header's name
SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_EXPECTED = (
    f"Send `{SIGNATURE_HEADER}: t=<unix seconds>,v1=<hex>`, the HMAC-SHA256 of "
    "`<t>.<raw body>` with the webhook's secret."
)


class _Signature(NamedTuple):
    timestamp: str
    digests: tuple[bytes, ...]


def verify_signature(
    header: str | None, raw: bytes, secrets: Sequence[str], now: float, tolerance: float
) -> None:
    """Raise ``UnsignedError`` unless a secret signed ``raw`` within ``tolerance`` seconds.

    A secret is valid with and without its ``whsec_``: whether that belongs to the key is not told.
    """
    signature = _parse(header)
    _check_age(int(signature.timestamp), now, tolerance)
    expected = [_digest(key, signature.timestamp, raw) for key in _keys(secrets)]
    _check_digests(expected, signature)


class StreamedSignature:
    """The check of a signature whose body is not kept: ``update`` with each piece, then ``finish``.

    Raises ``UnsignedError`` at once if the header alone cannot be valid.
    """

    def __init__(
        self, header: str | None, secrets: Sequence[str], now: float, tolerance: float
    ) -> None:
        self._signature = _parse(header)
        _check_age(int(self._signature.timestamp), now, tolerance)
        start = f"{self._signature.timestamp}.".encode()
        self._macs = [hmac.new(key, start, hashlib.sha256) for key in _keys(secrets)]

    def update(self, piece: bytes) -> None:
        """Take the next piece of the body into account."""
        for mac in self._macs:
            mac.update(piece)

    def finish(self) -> None:
        """Raise ``UnsignedError`` unless one of the secrets signed what came."""
        _check_digests([mac.digest() for mac in self._macs], self._signature)


def sign(raw: bytes, secret: str, timestamp: float) -> str:
    """Return the header's value for ``raw``, as WAVV would send it at ``timestamp``."""
    at = str(int(timestamp))
    return f"t={at},v1={_digest(secret.encode(), at, raw).hex()}"


def verify_shared_secret(presented: str | None, secrets: Sequence[str], *readings: str) -> None:
    """Raise ``UnsignedError`` unless ``presented`` or one of its ``readings`` is a known secret.

    See ``query_secrets`` for the readings.
    """
    expected = (
        f"Send the shared secret in the header `{SECRET_HEADER}`, or as `?secret=`, there "
        "percent-encoded (`+` as `%2B`, `&` as `%26`, `#` as `%23`)."
    )
    hashed = [_hashed(one) for one in (presented, *readings) if one]
    if not hashed:
        raise UnsignedError(Reason.SECRET_MISSING, f"There is no shared secret. {expected}")
    known = [_hashed(one) for one in secrets if one]
    matches = [hmac.compare_digest(one, other) for one in hashed for other in known]
    if not any(matches):
        raise UnsignedError(
            Reason.SECRET_MISMATCH, f"The shared secret is none known here. {expected}"
        )


def query_secrets(query: bytes) -> tuple[str, ...]:
    """Return the readings of ``?secret=``: as a form's value, percent-decoded only, and as it is.

    In a form's value ``+`` is a blank. In a base64 secret that was put into a URL it is a plus.
    """
    pairs = (part.partition("=") for part in query.decode("latin-1").split("&"))
    values = [value for name, _, value in pairs if unquote_plus(name) == "secret"]
    return tuple(
        reading for value in values[-1:] for reading in (unquote_plus(value), unquote(value), value)
    )


def _parse(header: str | None) -> _Signature:
    """Read ``t`` and every well-formed ``v1``; other schemes are for other readers."""
    if not header or not header.strip():
        detail = f"The header `{SIGNATURE_HEADER}` is missing. {_EXPECTED}"
        raise UnsignedError(Reason.SIGNATURE_MISSING, detail)
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for key, _, value in parts if key == "t"]
    digests = [value for key, _, value in parts if key == "v1" and _DIGEST.fullmatch(value)]
    if len(times) != 1 or not _TIMESTAMP.fullmatch(times[0]) or not digests:
        detail = f"The header `{SIGNATURE_HEADER}` cannot be read. {_EXPECTED}"
        raise UnsignedError(Reason.SIGNATURE_MALFORMED, detail)
    return _Signature(times[0], tuple(map(bytes.fromhex, digests)))


def _check_age(timestamp: int, now: float, tolerance: float) -> None:
    if timestamp < now - tolerance:
        detail = f"The signature is older than {tolerance:g} s. Sign each attempt anew."
        raise UnsignedError(Reason.SIGNATURE_EXPIRED, detail)
    if timestamp > now + tolerance:
        detail = f"The signature is from more than {tolerance:g} s ahead. Check the sender's clock."
        raise UnsignedError(Reason.SIGNATURE_IN_FUTURE, detail)


def _check_digests(expected: Sequence[bytes], signature: _Signature) -> None:
    matches = [hmac.compare_digest(one, other) for one in expected for other in signature.digests]
    if not any(matches):
        detail = f"No signature is this body's under a secret known here. {_EXPECTED}"
        raise UnsignedError(Reason.SIGNATURE_MISMATCH, detail)


def _keys(secrets: Sequence[str]) -> Iterator[bytes]:
    """Yield both readings of each secret. An empty key would let anyone sign."""
    for secret in secrets:
        bare = secret.removeprefix(SECRET_PREFIX)
        if bare:
            yield bare.encode()
            yield f"{SECRET_PREFIX}{bare}".encode()


def _digest(key: bytes, timestamp: str, raw: bytes) -> bytes:
    return hmac.digest(key, f"{timestamp}.".encode() + raw, hashlib.sha256)


def _hashed(text: str) -> bytes:
    """Hash first: ``compare_digest`` tells the lengths of what it compares."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
