"""The two sources of events, WAVV and AskElephant: how their events are authenticated and checked.

No function here reads a clock, Redis or the network. All input is in the request.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.datastructures import Headers

from bridge.askelephant.webhook import parse_webhook, verify_webhook
from bridge.errors import EventError, NotStoredError
from bridge.ingress.outline import salvaged
from bridge.ingress.oversize import Proof, Proven
from bridge.reasons import Reason
from bridge.store.keys import digest
from bridge.wavv.events import Reading, check_event
from bridge.wavv.signature import (
    SECRET_HEADER,
    SIGNATURE_HEADER,
    StreamedSignature,
    query_secrets,
    verify_shared_secret,
    verify_signature,
)


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """A webhook request, received at ``now`` (seconds since 1970). ``query`` is not decoded."""

    raw: bytes
    headers: Headers
    query: bytes
    now: float


@dataclass(frozen=True, slots=True)
class Named:
    """The call id in a refused body, and the name of the event if the body contains one."""

    call_id: str
    event: str | None


class WebhookSource(Protocol):
    """A source of events: how its events are authenticated, checked, and examined if refused."""

    @property
    def name(self) -> str:
        """The name of the source, as used in Redis keys and logs."""

    def authenticate(self, request: IncomingRequest) -> str:
        """Return the event's key, which is the same for each re-delivery.

        Raises ``UnsignedError`` if the event is not authentic, and ``NotStoredError`` if no secret
        is configured.
        """

    def check(self, request: IncomingRequest) -> None:
        """Raise ``EventError`` if the workers could not process the body."""

    def proof(self, request: IncomingRequest) -> Proof | None:
        """Return the check that a body over the limit is authentic. ``request`` holds no body.

        Return ``None`` if large bodies of this source are not examined. Raises ``EventError`` if
        the headers alone show that the body is not authentic.
        """

    def named(self, raw: bytes) -> Named | None:
        """Return the call id in a refused body or its outline; ``None`` if it contains none."""


@dataclass(frozen=True, slots=True)
class WavvSource:
    """The source of WAVV's events, which are signed or carry a shared secret.

    WAVV sends no delivery id, so the key of an event is a digest of its body.
    """

    secrets: Sequence[str]
    auth: str
    tolerance: float
    reading: Reading
    name: str = "wavv"

    def authenticate(self, request: IncomingRequest) -> str:
        """Verify the signature or the shared secret. Return a digest of the body."""
        _need(self.secrets, "BRIDGE_WAVV_SECRETS")
        if self.auth == "signature":
            header = request.headers.get(SIGNATURE_HEADER)
            verify_signature(header, request.raw, self.secrets, request.now, self.tolerance)
        else:
            self._verify_secret(request)
        return digest(request.raw)

    def check(self, request: IncomingRequest) -> None:
        """Raise ``EventError`` if the body cannot be read or contains no call id."""
        check_event(request.raw, self.reading)

    def proof(self, request: IncomingRequest) -> Proof:
        """Return a check of the body's signature. A shared secret is verified at once."""
        _need(self.secrets, "BRIDGE_WAVV_SECRETS")
        if self.auth == "signature":
            header = request.headers.get(SIGNATURE_HEADER)
            return StreamedSignature(header, self.secrets, request.now, self.tolerance)
        self._verify_secret(request)
        return Proven()

    def named(self, raw: bytes) -> Named | None:
        """Return the call id in the readable part of the body; ``None`` if it contains none."""
        readable = salvaged(raw)
        try:
            event = check_event(readable, self.reading) if readable else None
        except EventError:
            return None
        name = event.name[:100] if event and event.name else None
        return Named(event.call_id, name) if event and event.call_id else None

    def _verify_secret(self, request: IncomingRequest) -> None:
        header = request.headers.get(SECRET_HEADER)
        readings = () if header else query_secrets(request.query)
        verify_shared_secret(header, self.secrets, *readings)


@dataclass(frozen=True, slots=True)
class ElephantSource:
    """The source of AskElephant's events. Svix signs them. A re-delivery has the same ``svix-id``.

    https://docs.svix.com/receiving/verifying-payloads/how-manual
    """

    secrets: Sequence[str]
    name: str = "askelephant"

    def authenticate(self, request: IncomingRequest) -> str:
        """Verify the signature; return the message's id (``svix-id``)."""
        _need(self.secrets, "BRIDGE_ASKELEPHANT_WEBHOOK_SECRETS")
        return verify_webhook(request.raw, request.headers, self.secrets)

    def check(self, request: IncomingRequest) -> None:
        """Raise ``MalformedBodyError`` if the event cannot be read."""
        parse_webhook(request.raw)

    def proof(self, request: IncomingRequest) -> None:
        """Return ``None``: AskElephant's events hold ids and are small, so none is examined."""

    def named(self, raw: bytes) -> None:
        """Return ``None``: AskElephant's events contain an engagement's id, and no call id."""


def _need(secrets: Sequence[str], variable: str) -> None:
    """Raise ``NotStoredError`` if no secret is configured. Its 503 makes the sender retry later."""
    if not secrets:
        raise NotStoredError(
            Reason.NOT_CONFIGURED, f"The bridge has no secret yet: set {variable}."
        )
