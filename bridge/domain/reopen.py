"""Which events reopen a resting call: a late recording, or a correction that lifts a rule.

Only a replay reopens a ``complete`` call.
"""

from bridge.domain.call import Call, State
from bridge.domain.policy import Policy
from bridge.domain.recording import has_new_link, is_obtainable
from bridge.domain.rules import is_rule_lifted
from bridge.reasons import Reason

UNLINKED = frozenset(
    {
        Reason.RECORDING_MISSING,
        Reason.RECORDING_NOT_READY,
        Reason.MEDIA_URL_PRIVATE,
        Reason.MEDIA_URL_NOT_HTTPS,
    }
)
"""Failures that another link to the recording can resolve.

The last two come from links that an earlier version of the bridge stored. This version does not
read such links from events.
"""

REFUSED = frozenset(
    {
        Reason.REJECTED,
        Reason.OWNER_UNRESOLVABLE,
        Reason.RECORDING_NOT_READY,
        Reason.RECORDING_MISSING,
        Reason.EXTERNAL_ID_COLLISION,
    }
)
"""Failures that prove that AskElephant did not create an engagement for the call.

After any other failure, such as a timeout or a 5xx, the request may have created one.
"""


def reopened_by_news(call: Call, updated: Call, policy: Policy) -> State:
    """Return the state of a resting call after an event of WAVV's: the same, or ``recorded``.

    ``updated`` is the call with the event's fields.
    """
    match call.state:
        case State.UNRECORDED if is_obtainable(updated, policy) and not is_obtainable(call, policy):
            return State.RECORDED
        case State.SKIPPED if is_rule_lifted(call.metadata, updated.metadata, policy):
            return State.RECORDED
        case State.FAILED if call.reason in UNLINKED and has_new_link(call, updated):
            return State.RECORDED
        case _:
            return call.state


def is_engagement_proven(call: Call, engagement_id: str) -> bool:
    """Return whether the transcript of this engagement proves that it is the failed call's."""
    return call.engagement_id == engagement_id or call.reason not in REFUSED


def adopted_engagement(call: Call, reason: str) -> str | None:
    """Return the engagement of a call whose response was lost and which fails for ``reason``.

    The transcript event of the engagement found the call by its link. ``None`` = there was no such
    event, or the call's engagement is known, or the reason proves that there is none.
    """
    is_known = call.engagement_id is not None
    return None if is_known or reason in REFUSED else call.transcript_engagement_id
