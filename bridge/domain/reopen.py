"""Which events reopen a call that rests: its recording came late, or no rule skips it any longer.

A ``complete`` call is reopened by a replay alone.
"""

from bridge.domain.call import Call, State
from bridge.domain.policy import Policy
from bridge.domain.recording import (
    MISSING,
    NOT_READY,
    has_new_link,
    is_obtainable,
)
from bridge.domain.rules import is_rule_lifted

COLLISION = "external_id_collision"
UNLINKED = frozenset({MISSING, NOT_READY, "media_url_private", "media_url_not_https"})
"""Failures that another link to the recording puts right.

The last two are of links that an earlier version stored; now they are not read from events.
"""

REFUSED = frozenset({"rejected", "owner_unresolvable", NOT_READY, MISSING, COLLISION})
"""Failures after which AskElephant has no engagement of the call, unless its id is on the record.

After any other failure (a timeout, a 5xx) the request may have created it.
"""


def reopened_by_news(call: Call, updated: Call, policy: Policy) -> State:
    """Return the state to which an event of WAVV's moves a resting call.

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
    """Return whether a failed call has this engagement, now that its transcript is ready."""
    return call.engagement_id == engagement_id or call.reason not in REFUSED


def adopted_engagement(call: Call, reason: str) -> str | None:
    """Return the engagement that a transcript event named for a call that fails for ``reason``.

    The response to its submission was lost, and its transcript event found the call by its link.
    """
    is_known = call.engagement_id is not None
    return None if is_known or reason in REFUSED else call.transcript_engagement_id
