"""Authenticates WAVV's events by a signature or by a shared secret.

Every secret is compared with every signature in constant time, so that the response time does not
show an attacker how much of a guess is right.
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
    """Raise ``UnsignedError`` unless a secret signed ``raw`` at most ``tolerance`` seconds ago.

    Each secret is tried with and without its prefix ``whsec_``, because WAVV does not document
    whether the prefix is part of the key.
    """
    signature = _parse(header)
    _check_age(int(signature.timestamp), now, tolerance)
    expected = [_digest(key, signature.timestamp, raw) for key in _keys(secrets)]
    _check_digests(expected, signature)


class StreamedSignature:
    """Verifies a body's signature piece by piece: ``update`` for each piece, then ``finish``.

    The constructor raises ``UnsignedError`` if the header alone shows that the signature is
    invalid.
    """

    def __init__(
        self, header: str | None, secrets: Sequence[str], now: float, tolerance: float
    ) -> None:
        self._signature = _parse(header)
        _check_age(int(self._signature.timestamp), now, tolerance)
        start = f"{self._signature.timestamp}.".encode()
        self._macs = [hmac.new(key, start, hashlib.sha256) for key in _keys(secrets)]

    def update(self, piece: bytes) -> None:
        """Add the next piece of the body."""
        for mac in self._macs:
            mac.update(piece)

    def finish(self) -> None:
        """Raise ``UnsignedError`` unless one of the secrets signed the whole body."""
        _check_digests([mac.digest() for mac in self._macs], self._signature)


def sign(raw: bytes, secret: str, timestamp: float) -> str:
    """Return the value of ``X-WAVV-Signature`` for ``raw``, sent at ``timestamp``."""
    at = str(int(timestamp))
    return f"t={at},v1={_digest(secret.encode(), at, raw).hex()}"


def verify_shared_secret(presented: str | None, secrets: Sequence[str], *readings: str) -> None:
    """Raise ``UnsignedError`` unless the request holds one of ``secrets``.

    ``presented`` is the secret in the header. ``readings`` are the secrets that ``query_secrets``
    read from the URL's query.
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
        raise UnsignedError(Reason.SECRET_MISMATCH, f"The shared secret is wrong. {expected}")


def query_secrets(query: bytes) -> tuple[str, ...]:
    """Return the value of ``?secret=`` decoded as a form, percent-decoded, and not decoded.

    Decoding as a form turns ``+`` into a blank, which would damage a base64 secret in a URL.
    """
    pairs = (part.partition("=") for part in query.decode("latin-1").split("&"))
    values = [value for name, _, value in pairs if unquote_plus(name) == "secret"]
    return tuple(
        reading for value in values[-1:] for reading in (unquote_plus(value), unquote(value), value)
    )


def _parse(header: str | None) -> _Signature:
    """Return the timestamp ``t`` and each well-formed signature ``v1`` of the header.

    Signatures of other schemes are ignored.
    """
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
        detail = f"The signature is older than {tolerance:g} s. Sign each attempt again."
        raise UnsignedError(Reason.SIGNATURE_EXPIRED, detail)
    if timestamp > now + tolerance:
        detail = f"The signature is over {tolerance:g} s in the future. Check the sender's clock."
        raise UnsignedError(Reason.SIGNATURE_IN_FUTURE, detail)


def _check_digests(expected: Sequence[bytes], signature: _Signature) -> None:
    matches = [hmac.compare_digest(one, other) for one in expected for other in signature.digests]
    if not any(matches):
        detail = f"No signature matches this body and a secret of the bridge. {_EXPECTED}"
        raise UnsignedError(Reason.SIGNATURE_MISMATCH, detail)


def _keys(secrets: Sequence[str]) -> Iterator[bytes]:
    """Yield each secret with and without ``whsec_``. An empty key, which anyone has, is skipped."""
    for secret in secrets:
        bare = secret.removeprefix(SECRET_PREFIX)
        if bare:
            yield bare.encode()
            yield f"{SECRET_PREFIX}{bare}".encode()


def _digest(key: bytes, timestamp: str, raw: bytes) -> bytes:
    return hmac.digest(key, f"{timestamp}.".encode() + raw, hashlib.sha256)


def _hashed(text: str) -> bytes:
    """Hash a secret for a comparison: ``compare_digest`` may reveal the length of its inputs.

    https://docs.python.org/3/library/hmac.html#hmac.compare_digest
    """
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
