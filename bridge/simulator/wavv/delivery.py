"""A delivery: one webhook request to the bridge, and the ways to sign it or add a secret."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bridge.wavv.signature import SECRET_HEADER, SIGNATURE_HEADER, sign

PATH = "/webhooks/wavv"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook request: its path on the bridge, its headers, and its raw body."""

    path: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)

    def with_header(self, name: str, value: str) -> "Delivery":
        """Return a copy in which this header replaces all headers of the same name."""
        others = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=(*others, (name, value)))


Auth = Callable[[Delivery], Delivery]
"""Adds a signature or a secret to a delivery. The sender calls it for each delivery just before
sending, because a signature expires after some minutes.
"""


def unchanged(delivery: Delivery) -> Delivery:
    """Return the delivery unchanged, so that it is sent with the captured signature."""
    return delivery


def by_signature(secret: str, clock: Callable[[], float]) -> Auth:
    """Create a function that signs deliveries to WAVV's webhook, and leaves others unchanged.

    The signature contains the time that ``clock`` returns.
    """

    def authenticate(delivery: Delivery) -> Delivery:
        if not _is_wavv(delivery):
            return delivery
        return delivery.with_header(SIGNATURE_HEADER, sign(delivery.body, secret, clock()))

    return authenticate


def by_shared_secret(secret: str) -> Auth:
    """Create a function that adds ``secret`` as a header to deliveries to WAVV's webhook only."""

    def authenticate(delivery: Delivery) -> Delivery:
        return delivery.with_header(SECRET_HEADER, secret) if _is_wavv(delivery) else delivery

    return authenticate


def _is_wavv(delivery: Delivery) -> bool:
    return delivery.path.partition("?")[0] == PATH
