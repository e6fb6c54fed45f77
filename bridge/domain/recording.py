"""The link to a call's recording: which link to submit, when to fetch one, and how long to wait.

A link is signed, and expires with its signature. A fetched link is stored separately from the
fields of WAVV's events, because the merge of the events must not depend on when a link was fetched.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bridge.domain import events as e
from bridge.domain.call import Call, FetchedLink, State
from bridge.domain.policy import Policy
from bridge.reasons import Reason

ANNOUNCED_DELAYS = 10
"""How long to wait for ``call.recorded`` after WAVV announced a recording.

The unit is ``policy.recording_first_delay``, so that the wait is ten minutes by default. Then the
link is requested from WAVV's API. Most events arrive earlier and make the request unnecessary.
"""

LINK_LIFE = timedelta(hours=72)
"""How long a link without an expiry time is valid.

Integrators report this duration. WAVV does not document it.
"""

EXPIRY_MARGIN = timedelta(minutes=10)
"""A link must stay valid for this time, because AskElephant fetches the recording during the
request: https://docs.askelephant.ai/api-reference/engagements/create-engagement
"""


class Link(NamedTuple):
    """A link to the recording, and when the link is assumed to expire."""

    url: str
    expires_at: datetime


def link(call: Call) -> Link | None:
    """Return the link to the recording that is submitted, or ``None`` if no link is known.

    A fetched link is replaced only by a new link from an event that WAVV sent after the fetch. A
    repeated or late event does not restore an old link.
    """
    url, fetched = call.metadata.recording_url, call.fetched_link
    timestamp, _ = call.stamps.get("recording_url", (0.0, 0))
    sent_at = datetime.fromtimestamp(timestamp, UTC) if timestamp else call.created_at
    if fetched is not None and (url in {None, fetched.instead_of} or sent_at <= fetched.at):
        return Link(fetched.url, fetched.expires_at or fetched.at + LINK_LIFE)
    return None if url is None else Link(url, sent_at + LINK_LIFE)


def wants_link(call: Call, now: datetime) -> bool:
    """Return whether a fresh link should be fetched before the call is submitted.

    A fresh link is needed if the call has no link, if AskElephant could not fetch the recording of
    the last request, or if the link is about to expire.
    """
    present = link(call)
    refused = call.problem is not None and call.problem.reason == Reason.RECORDING_NOT_READY
    return present is None or refused or present.expires_at - EXPIRY_MARGIN <= now


def fetched_link(call: Call, event: e.LinkFetched, now: datetime) -> FetchedLink:
    """Create the stored form of a link that was fetched at ``now``."""
    replaced = call.metadata.recording_url
    return FetchedLink(url=event.url, at=now, expires_at=event.expires_at, instead_of=replaced)


def is_news(call: Call, moved: Call) -> bool:
    """Return whether an event may set the due time of the call's next step.

    ``call`` and ``moved`` are the call before and after the event. A repeated event must not
    postpone the step. In ``live`` and ``ended`` any event may set the due time, because it is
    computed from the beginning of the state.
    """
    awaited = link(call) is None or call.reason == Reason.RECORDING_NOT_READY
    is_awaited = moved.state is State.RECORDED and awaited and has_new_link(call, moved)
    awaits_event = moved.state in {State.LIVE, State.ENDED}
    return awaits_event or not call.heard or moved.state is not call.state or is_awaited


def has_new_link(call: Call, updated: Call) -> bool:
    """Return whether ``updated`` has a link that ``call`` does not have."""
    before, after = link(call), link(updated)
    return after is not None and (before is None or after.url != before.url)


def is_obtainable(call: Call, policy: Policy) -> bool:
    """Return whether the call can be submitted without a ``call.recorded`` event.

    The call can be submitted if its link is known, or if WAVV announced a recording and the bridge
    has a key to fetch the link from WAVV's API.
    """
    return link(call) is not None or (bool(call.metadata.recorded) and policy.refetches_links)


def await_wavv(call: Call, now: datetime, policy: Policy) -> Call:
    """Return a call that is not submitted yet, with the due time of its next step.

    In ``live`` and ``ended`` the call waits for ``call.recorded`` until the recording deadline, or
    for a shorter time if the link can be fetched from WAVV's API. In ``recorded`` a call with a
    link is due after ``policy.settle``. A call without a link waits until its link is fetched, or
    until the recording deadline if the bridge has no key for WAVV's API.
    """
    if call.state is not State.RECORDED:
        wait = policy.recording_deadline
        if link(call) is None and is_obtainable(call, policy):
            wait = min(ANNOUNCED_DELAYS * policy.recording_first_delay, wait)
        return call.but(due_at=call.state_since + wait)
    if link(call) is not None:
        return call.but(due_at=now + policy.settle, reason=None)
    looks_at = policy.recording_first_delay if policy.refetches_links else policy.recording_deadline
    wait = min(looks_at, policy.recording_deadline)
    return call.but(due_at=now + wait, reason=Reason.RECORDING_MISSING)


def is_overtaken(call: Call, event: e.Event) -> bool:
    """Return whether the event reports a missing link, and the link has been received since."""
    if not isinstance(event, e.RecordingAwaited | e.Failed):
        return False
    return event.reason == Reason.RECORDING_MISSING and link(call) is not None
