"""AskElephant's webhooks: is it theirs, and what does it say? No clock of ours, no socket.

Svix sends them; the signature is checked by its library. Source: Svix, "Verifying webhooks".
"""

import base64
import re
from collections.abc import Mapping, Sequence

from svix.webhooks import Webhook

from bridge.askelephant.models import WebhookEvent, read_event
from bridge.errors import UnsignedError
from bridge.reasons import Reason
from bridge.strict_json import read_object

TRANSCRIPT_READY = "v1.engagement.transcript_timeline.completed"

PARTS = ("id", "timestamp", "signature")
_PREFIX = "whsec_"
_MESSAGE_ID = re.compile(r"[\x21-\x7e]{1,200}")


def check_secret(secret: str) -> str:
    """Return ``secret`` if a signature can rest on it; raise ``ValueError`` saying what it lacks.

    The library is easier to please: it skips what is not base64 and signs with whatever is left.
    Svix shows the prefix and does not insist on it.
    """
    coded = secret.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True)
    except ValueError:
        raise ValueError(f"a webhook secret is {_PREFIX} followed by base64") from None
    if not key:
        raise ValueError("a webhook secret is not empty: anyone could sign with no key")
    return secret


def verify_webhook(raw: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> str:
    """Return the message's id, the same for every re-send.

    Raises ``UnsignedError`` if the message is not AskElephant's. Several secrets may be valid at
    once, while they are changed.
    """
    parts = _signed_parts(headers)
    if not _MESSAGE_ID.fullmatch(parts["svix-id"]):
        raise UnsignedError(
            Reason.BAD_MESSAGE_ID, "The header svix-id is missing, too long or not printable."
        )
    if not any(_passes(secret, raw, parts) for secret in secrets):
        raise UnsignedError(
            Reason.BAD_SIGNATURE,
            "No signature in svix-signature matches this body, or svix-timestamp is over five "
            "minutes off. Sign the raw body with the webhook's secret, and check both clocks.",
        )
    return parts["svix-id"]


def parse_webhook(raw: bytes) -> WebhookEvent:
    """Return what a verified body says; raise ``MalformedBodyError`` when it is no JSON object."""
    return read_event(read_object(raw))


def _signed_parts(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the three headers a signature needs, under Svix's names; missing = empty.

    A header given twice is refused: which of the two was signed, and which would be deduplicated?
    """
    named = [(name.lower(), value) for name, value in headers.items()]
    parts = {}
    for part in PARTS:
        said = [value for name, value in named if name == f"svix-{part}"]
        said = said or [value for name, value in named if name == f"webhook-{part}"]
        if len(said) > 1:
            raise UnsignedError(
                Reason.DUPLICATE_HEADER, f"The header svix-{part} is there twice. Send it once."
            )
        parts[f"svix-{part}"] = said[0] if said else ""
    return parts


def _passes(secret: str, raw: bytes, parts: dict[str, str]) -> bool:
    try:
        Webhook(check_secret(secret)).verify(raw, parts)
    except Exception:  # noqa: BLE001 - svix also raises ValueError, binascii.Error and others:
        return False  # a check that could not be finished was not passed.
    return True
