"""Creates the headers that sign an event, as Svix does: valid, or invalid for some behaviours.

Headers and signature: https://docs.svix.com/receiving/verifying-payloads/how-manual.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from svix.webhooks import Webhook

from bridge.simulator.askelephant.behaviours import Plan

RETIRED_SECRET = "whsec_cmV0aXJlZC1zZWNyZXQtb2Ytbm9ib2R5LWF0LWFsbA=="  # noqa: S105 - no receiver has it
TOO_OLD = timedelta(minutes=10)
"""The age of an old timestamp. Svix' libraries accept at most five minutes:
https://github.com/svix/svix-webhooks/blob/main/python/svix/webhooks.py.
"""


class Manner(StrEnum):
    """The ways to sign a delivery: valid, or with a certain error."""

    VALID = "valid"
    TWO_SIGNATURES = "two-signatures"
    BADLY = "bad-signature"
    OLD_TIMESTAMP = "old-timestamp"


def manner_of(plan: Plan, attempt: int) -> Manner:
    """Return how to sign a delivery attempt (the first is 1) of a call's transcript event."""
    if "bad-signature" in plan or attempt <= plan.number("bad-signature-first"):
        return Manner.BADLY
    if attempt <= plan.number("old-timestamp-first"):
        return Manner.OLD_TIMESTAMP
    return Manner.TWO_SIGNATURES if "two-signatures" in plan else Manner.VALID


def signed_headers(
    svix_id: str, body: str, secrets: Sequence[str], manner: Manner, now: datetime
) -> dict[str, str]:
    """Create the three headers of Svix. They contain one signature for each secret."""
    at = now - TOO_OLD if manner is Manner.OLD_TIMESTAMP else now
    match manner:
        case Manner.BADLY:
            signers = [RETIRED_SECRET]
        case Manner.TWO_SIGNATURES:
            signers = [RETIRED_SECRET, *secrets]
        case _:
            signers = list(secrets)
    signatures = [Webhook(secret).sign(svix_id, at, body) for secret in signers]
    return {
        "svix-id": svix_id,
        "svix-timestamp": str(int(at.timestamp())),
        "svix-signature": " ".join(signatures),
    }
