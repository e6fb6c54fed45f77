"""The two doors: what makes an event authentic and acceptable. Pure, given the body and headers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.datastructures import Headers, QueryParams

from bridge.askelephant.webhook import parse_webhook, verify_webhook
from bridge.errors import NotStored
from bridge.store.keys import digest
from bridge.wavv.events import Reading, check_event
from bridge.wavv.signature import (
    SECRET_HEADER,
    SIGNATURE_HEADER,
    verify_shared_secret,
    verify_signature,
)


@dataclass(frozen=True, slots=True)
class Knock:
    """A delivery as it came, at ``now`` (seconds since 1970). ``query`` is still encoded."""

    raw: bytes
    headers: Headers
    query: bytes
    now: float


class Door(Protocol):
    """One source of events."""

    @property
    def source(self) -> str:
        """The name of the source, in keys and logs."""

    def authenticate(self, knock: Knock) -> str:
        """Return the key that is constant over re-sends; raise ``Unsigned`` for strangers."""

    def check(self, knock: Knock) -> None:
        """Raise ``EventError`` if nothing could be made of the body."""


@dataclass(frozen=True, slots=True)
class WavvDoor:
    """WAVV's events: signed, or with a shared secret. WAVV numbers no deliveries: bytes are key."""

    secrets: Sequence[str]
    auth: str
    tolerance: float
    reading: Reading
    source: str = "wavv"

    def authenticate(self, knock: Knock) -> str:
        """Verify the signature or the secret; return a digest of the body."""
        _need(self.secrets, "BRIDGE_WAVV_SECRETS")
        if self.auth == "signature":
            header = knock.headers.get(SIGNATURE_HEADER)
            verify_signature(header, knock.raw, self.secrets, knock.now, self.tolerance)
        else:
            presented = knock.headers.get(SECRET_HEADER) or QueryParams(knock.query).get("secret")
            verify_shared_secret(presented, self.secrets)
        return digest(knock.raw)

    def check(self, knock: Knock) -> None:
        """Refuse what the intake could make nothing of."""
        check_event(knock.raw, self.reading)


@dataclass(frozen=True, slots=True)
class ElephantDoor:
    """AskElephant's events, signed by Svix; ``svix-id`` is constant over re-sends."""

    secrets: Sequence[str]
    source: str = "askelephant"

    def authenticate(self, knock: Knock) -> str:
        """Verify the signature; return the message's id."""
        _need(self.secrets, "BRIDGE_ASKELEPHANT_WEBHOOK_SECRETS")
        return verify_webhook(knock.raw, knock.headers, self.secrets)

    def check(self, knock: Knock) -> None:
        """Read the event as the intake will."""
        parse_webhook(knock.raw)


def _need(secrets: Sequence[str], variable: str) -> None:
    """Without a secret nobody can be told from a stranger: senders shall come again later."""
    if not secrets:
        raise NotStored("not_configured", f"The bridge has no secret yet: set {variable}.")
