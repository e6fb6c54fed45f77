"""Verifies signatures as the bridge does: WAVV's directly, AskElephant's with Svix' library."""

import hashlib
import hmac
import os
import time
from collections.abc import Mapping

from svix.webhooks import Webhook, WebhookVerificationError

TOLERANCE = float(os.environ.get("BRIDGE_WAVV_SIGNATURE_TOLERANCE", "300"))
WAVV_KEY = os.environ.get("BRIDGE_WAVV_SECRETS", "").encode()
ELEPHANT = os.environ.get("BRIDGE_ASKELEPHANT_WEBHOOK_SECRETS", "whsec_bm9ib2R5")
_elephant = Webhook(ELEPHANT)


def is_wavvs(header: str | None, raw: bytes) -> bool:
    """Return whether ``X-WAVV-Signature`` is valid for this body, and not too old."""
    parts = dict(part.strip().partition("=")[::2] for part in (header or "").split(","))
    at, given = parts.get("t", ""), parts.get("v1", "")
    if not at.isdigit() or abs(time.time() - int(at)) > TOLERANCE:
        return False
    expected = hmac.new(WAVV_KEY, f"{at}.".encode() + raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, given)


def is_elephants(raw: bytes, headers: Mapping[str, str]) -> bool:
    """Return whether the Svix headers are valid for this body."""
    try:
        _elephant.verify(raw, dict(headers))
    except (WebhookVerificationError, ValueError):  # a ValueError for malformed headers
        return False
    return True
