"""Sentences that explain each reason of a call to an operator, and what the operator can do."""

from collections.abc import Mapping
from typing import NamedTuple

from bridge.reasons import Reason


class Cause(NamedTuple):
    """The explanation of a reason.

    ``text`` is what happened. ``waiting`` is what the operator can do while the bridge still works
    on the call, and ``at_rest`` what the operator can do when the call is in a final state.
    """

    text: str
    waiting: str
    at_rest: str


NOTHING = "Nothing to do."
REPLAY = "Replay the call."
REPLAY_WHEN_CORRECTED = "Correct it, then replay the call."


def _transient(text: str, check: str = "") -> Cause:
    """Return the explanation of a failure that the bridge retries by itself.

    ``check`` is what the operator should do, if anything.
    """
    return Cause(text, check or NOTHING, f"{check} {REPLAY}".strip())


CAUSES: Mapping[Reason, Cause] = {
    Reason.RECORDING_MISSING: Cause(
        "WAVV announced a recording and has sent no link to it.",
        "Nothing to do; with BRIDGE_WAVV_API_KEY the bridge fetches the link itself.",
        "Replay the call when WAVV has its recording.",
    ),
    Reason.RECORDING_NOT_READY: Cause(
        "AskElephant could not fetch the recording.",
        NOTHING,
        "Check that WAVV still has the recording, then replay the call.",
    ),
    Reason.OUTAGE: _transient("AskElephant did not serve requests of several calls in a row."),
    Reason.REQUEST_BUDGET: _transient(
        "The requests that BRIDGE_ASKELEPHANT_RATE allows are used up for now."
    ),
    Reason.THROTTLED: _transient("AskElephant returned 429: too many requests."),
    Reason.CREDENTIALS_REFUSED: _transient(
        "AskElephant does not accept the API key (401).",
        "Replace BRIDGE_ASKELEPHANT_API_KEY, and restart the workers.",
    ),
    Reason.CREDENTIALS_MISSING: _transient(
        "The bridge has no API key of AskElephant.",
        "Set BRIDGE_ASKELEPHANT_API_KEY, and restart the workers.",
    ),
    Reason.PAYMENT_REQUIRED: _transient(
        "AskElephant's workspace has an unpaid bill (402).", "Pay the bill."
    ),
    Reason.SCOPE_MISSING: _transient(
        "The API key lacks a scope for this call (403).", "Add the scope in AskElephant."
    ),
    Reason.ASKELEPHANT_TIMEOUT: _transient("AskElephant did not respond in time."),
    Reason.ASKELEPHANT_UNREACHABLE: _transient(
        "AskElephant could not be reached.", "Check the network and BRIDGE_ASKELEPHANT_BASE_URL."
    ),
    Reason.ASKELEPHANT_ERROR: _transient("AskElephant returned a server error."),
    Reason.ASKELEPHANT_CONFLICT: _transient("AskElephant returned 409, a conflict."),
    Reason.GATEWAY_ERROR: _transient(
        "A firewall or proxy in front of AskElephant rejected the request."
    ),
    Reason.ASKELEPHANT_REDIRECTED: _transient(
        "AskElephant returned a redirect.", "Check BRIDGE_ASKELEPHANT_BASE_URL."
    ),
    Reason.ASKELEPHANT_ANSWER_UNREADABLE: _transient(
        "AskElephant's response could not be read.", "Check BRIDGE_ASKELEPHANT_BASE_URL."
    ),
    Reason.ENGAGEMENT_MISSING: Cause(
        "AskElephant does not find the engagement (404).",
        NOTHING,
        "If the engagement was deleted in AskElephant, nothing to do; else replay the call.",
    ),
    Reason.TRANSCRIPT_PENDING: _transient("AskElephant has no transcript yet."),
    Reason.TRANSCRIPT_MISSING: Cause(
        "AskElephant made no transcript before the deadline.",
        NOTHING,
        "Look at the engagement in AskElephant; a late transcript continues the call.",
    ),
    Reason.PROCESSING_FAILED: Cause(
        "AskElephant could not process the recording.",
        NOTHING,
        "Listen to the recording; if it is sound, replay the call.",
    ),
    Reason.REJECTED: Cause(
        "AskElephant rejected the request.",
        NOTHING,
        "`problem` names the fields. " + REPLAY_WHEN_CORRECTED,
    ),
    Reason.OWNER_UNRESOLVABLE: Cause(
        "AskElephant rejected the call's owner, and then the call without an owner.",
        NOTHING,
        "Check the agents file against AskElephant's users, then replay the call.",
    ),
    Reason.EXTERNAL_ID_COLLISION: Cause(
        "Another call's engagement in AskElephant has this call's external id.",
        NOTHING,
        "Give each bridge its own BRIDGE_EXTERNAL_ID_TEMPLATE, then replay the call.",
    ),
    Reason.MEDIA_URL_NOT_HTTPS: Cause(
        "The link to the recording is not https, so it was not sent.",
        NOTHING,
        "Another link from WAVV continues the call.",
    ),
    Reason.MEDIA_URL_PRIVATE: Cause(
        "The link to the recording leads into a private network, so it was not sent.",
        NOTHING,
        "Another link from WAVV continues the call.",
    ),
    Reason.EXTERNAL_URL_INVALID: Cause(
        "The link back to the call has no scheme, so nothing was sent.",
        NOTHING,
        "Correct BRIDGE_EXTERNAL_URL_TEMPLATE, then replay the call.",
    ),
    Reason.EXTERNAL_URL_BLOCKED: Cause(
        "The link back to the call has a scheme that can run code, so nothing was sent.",
        NOTHING,
        "Correct BRIDGE_EXTERNAL_URL_TEMPLATE, then replay the call.",
    ),
    Reason.REQUEST_INVALID: Cause(
        "The request would break a limit of AskElephant, so it was not sent.",
        NOTHING,
        "`problem` names the limit. " + REPLAY_WHEN_CORRECTED,
    ),
    Reason.ENGAGEMENT_ID_INVALID: Cause(
        "AskElephant returned an engagement id of an unknown form, which is not used in a URL.",
        NOTHING,
        "Report the id to AskElephant's support, then replay the call.",
    ),
    Reason.TOO_SHORT: Cause(
        "The talk time is below BRIDGE_SKIP_SHORTER_THAN.",
        NOTHING,
        "Nothing to do; a replay submits the call in spite of the rule.",
    ),
    Reason.OUTCOME_EXCLUDED: Cause(
        "The outcome is one of BRIDGE_SKIP_OUTCOMES.",
        NOTHING,
        "Nothing to do; a replay submits the call in spite of the rule.",
    ),
    Reason.RECORDING_NOT_RECEIVED: Cause(
        "WAVV announced a recording, and its event never came.",
        NOTHING,
        "Set BRIDGE_WAVV_API_KEY, so that the bridge can fetch such links; a late event continues "
        "the call.",
    ),
    Reason.EVENT_REFUSED: Cause(
        "An event of the call was rejected, and it may have been the recording's.",
        NOTHING,
        "`event.refused` on the timeline has the reason.",
    ),
    Reason.END_NOT_HEARD: Cause(
        "Neither the end of the call nor a recording was received.",
        NOTHING,
        "Check that WAVV sends all three events.",
    ),
}
"""The explanation of every reason that a call can have."""
