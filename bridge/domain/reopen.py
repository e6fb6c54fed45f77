"""Decides which events reopen a call in a final state.

Such events are a late recording, a correction after which no rule excludes the call, and a late
transcript. Only a replay reopens a ``complete`` call.
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
"""Reasons of failed calls that can succeed with another link to the recording.

The two ``MEDIA_URL`` reasons come from links that an earlier version of the bridge stored. This
version ignores such links in events.
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
"""Reasons of failed calls for which AskElephant certainly did not create an engagement.

After any other failure, such as a timeout or a 5xx, the request may have created an engagement.
"""


def reopened_by_news(call: Call, updated: Call, policy: Policy) -> State:
    """Return the state of a call in a final state after a WAVV event: the same, or ``recorded``.

    ``call`` is the call before the event, and ``updated`` the call with the fields of the event.
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
    """Return whether a transcript of this engagement proves that it belongs to the failed call."""
    return call.engagement_id == engagement_id or call.reason not in REFUSED


def adopted_engagement(call: Call, reason: str) -> str | None:
    """Return the id of the engagement of a failed call whose response was lost.

    AskElephant's transcript event named the id, and was matched to the call by its external URL.
    Returns ``None`` if there was no such event, if the id of the call's engagement is known, or if
    ``reason`` proves that the call has no engagement.
    """
    is_known = call.engagement_id is not None
    return None if is_known or reason in REFUSED else call.transcript_engagement_id
