"""A delivery: one HTTP request of a webhook, as it was captured or as it is about to be sent."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bridge.wavv.signature import SECRET_HEADER, SIGNATURE_HEADER, sign

PATH = "/webhooks/wavv"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST: where to, which headers, and the body byte for byte."""

    path: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)

    def with_header(self, name: str, value: str) -> "Delivery":
        """Return the delivery with this header in place of any of its name."""
        others = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=(*others, (name, value)))


Auth = Callable[[Delivery], Delivery]
"""Gives a delivery its proof, at the moment it leaves: a signature is good for minutes only."""


def as_it_is(delivery: Delivery) -> Delivery:
    """Leave the proof that was captured."""
    return delivery


def by_signature(secret: str, clock: Callable[[], float]) -> Auth:
    """Sign WAVV's deliveries with ``secret`` at the time of ``clock``; leave all others."""

    def prove(delivery: Delivery) -> Delivery:
        if not _is_wavv(delivery):
            return delivery
        return delivery.with_header(SIGNATURE_HEADER, sign(delivery.body, secret, clock()))

    return prove


def by_shared_secret(secret: str) -> Auth:
    """Send ``secret`` along with WAVV's deliveries; leave all others."""

    def prove(delivery: Delivery) -> Delivery:
        return delivery.with_header(SECRET_HEADER, secret) if _is_wavv(delivery) else delivery

    return prove


def _is_wavv(delivery: Delivery) -> bool:
    return delivery.path.partition("?")[0] == PATH
