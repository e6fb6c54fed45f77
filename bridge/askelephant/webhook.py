"""Authenticates and reads AskElephant's webhooks. Svix sends them; Svix' library verifies them.

https://docs.svix.com/receiving/verifying-payloads/how
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
    """Return ``secret`` if it is base64 and not empty. Raises ``ValueError`` otherwise.

    The check is needed because Svix' library ignores characters that are not base64 and verifies
    with the rest. The prefix ``whsec_`` is optional:
    https://docs.svix.com/receiving/verifying-payloads/how-manual
    """
    coded = secret.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True)
    except ValueError:
        raise ValueError(f"a webhook secret is {_PREFIX} followed by base64") from None
    if not key:
        raise ValueError("a webhook secret is not empty: anyone could sign with an empty key")
    return secret


def verify_webhook(raw: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> str:
    """Verify a webhook's signature. Return the message's id, the same for each re-delivery.

    Raises ``UnsignedError`` if none of ``secrets`` signed the body. There are two secrets while an
    old one is being replaced. Also raises it for a header that is sent twice: one value could be
    verified, and the other one used to deduplicate events.
    """
    named = [(name.lower(), value) for name, value in headers.items()]
    parts = {}
    for part in PARTS:
        sent = [value for name, value in named if name == f"svix-{part}"]
        sent = sent or [value for name, value in named if name == f"webhook-{part}"]
        if len(sent) > 1:
            raise UnsignedError(
                Reason.DUPLICATE_HEADER, f"The header svix-{part} was sent twice. Send it once."
            )
        parts[f"svix-{part}"] = sent[0] if sent else ""
    if not _MESSAGE_ID.fullmatch(parts["svix-id"]):
        raise UnsignedError(
            Reason.BAD_MESSAGE_ID, "The header svix-id is missing, too long or not printable."
        )
    for secret in secrets:
        try:
            Webhook(check_secret(secret)).verify(raw, parts)
        except Exception:  # noqa: BLE001, S112 - svix also raises ValueError and binascii.Error
            continue
        return parts["svix-id"]
    raise UnsignedError(
        Reason.BAD_SIGNATURE,
        "No signature in svix-signature matches this body, or svix-timestamp is over five "
        "minutes off. Sign the raw body with the webhook's secret, and check both clocks.",
    )


def parse_webhook(raw: bytes) -> WebhookEvent:
    """Return the event in a verified body.

    Raises ``MalformedBodyError`` if the body is no JSON object.
    """
    return read_event(read_object(raw))
