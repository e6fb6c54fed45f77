"""The link to a call's recording: which one to submit, when a fresh one is wanted, and the wait.

A link is signed and dies with its signature. One that we fetched is kept apart from what WAVV's
events said, whose merge must not depend on when we happened to ask.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bridge.domain import events as e
from bridge.domain.call import Call, FetchedLink, State
from bridge.domain.policy import Policy

MISSING, NOT_READY = "recording_missing", "recording_not_ready"
ANNOUNCED_PATIENCE = 10
"""How many first delays to wait for the ``call.recorded`` of a recording that WAVV announced.

Then its link is requested from WAVV's API: after ten minutes by default, for most events come
sooner and save that request.
"""

LINK_LIFE = timedelta(hours=72)
"""How long a link lives that does not say so itself. Reported by integrators of WAVV."""

EXPIRY_MARGIN = timedelta(minutes=10)
"""A link must outlive the request, in which AskElephant fetches the recording."""


class Link(NamedTuple):
    """A link to the recording, and when it is taken for dead."""

    url: str
    dies_at: datetime


def link(call: Call) -> Link | None:
    """Return the link to submit, or ``None`` when there is none.

    A fetched link yields only to another one than it replaced, which WAVV said later: neither a
    repeated event nor one that was late brings an old link back.
    """
    said, fetched = call.metadata.recording_url, call.fetched_link
    said_at = _said_at(call)
    if fetched is not None and (said in {None, fetched.instead_of} or said_at <= fetched.at):
        return Link(fetched.url, fetched.expires_at or fetched.at + LINK_LIFE)
    return None if said is None else Link(said, said_at + LINK_LIFE)


def wants_link(call: Call, now: datetime) -> bool:
    """Tell whether a fresh link should be fetched before the call is submitted.

    It has none, or the last request was refused for its media, or the link is about to die.
    """
    present = link(call)
    refused = call.problem is not None and call.problem.reason == NOT_READY
    return present is None or refused or present.dies_at - EXPIRY_MARGIN <= now


def fetched_link(call: Call, event: e.LinkFetched, now: datetime) -> FetchedLink:
    """Return what is kept of a link that was fetched now."""
    said = call.metadata.recording_url
    return FetchedLink(url=event.url, at=now, expires_at=event.expires_at, instead_of=said)


def is_news(call: Call, moved: Call) -> bool:
    """Return whether an event sets when the call is due: a repeated one must not put it off.

    The wait for ``call.recorded`` counts from the state's beginning, so any event may set it.
    """
    awaited = link(call) is None or call.reason == NOT_READY
    is_awaited = moved.state is State.RECORDED and awaited and has_new_link(call, moved)
    awaits_event = moved.state in {State.LIVE, State.ENDED}
    return awaits_event or not call.heard or moved.state is not call.state or is_awaited


def has_new_link(call: Call, updated: Call) -> bool:
    """Return whether an event brought another link than the call had."""
    before, after = link(call), link(updated)
    return after is not None and (before is None or after.url != before.url)


def is_obtainable(call: Call, policy: Policy) -> bool:
    """Return whether the call can be submitted though ``call.recorded`` never came.

    Its link is known, or WAVV announced a recording and its API can return the link.
    """
    return link(call) is not None or (bool(call.metadata.recorded) and policy.refetches_links)


def await_wavv(call: Call, now: datetime, policy: Policy) -> Call:
    """Set when a call that is still WAVV's next needs something, and what it waits for.

    A missing link is looked for if it can be; else only its event can bring it.
    """
    if call.state is not State.RECORDED:
        return call.but(due_at=call.state_since + _event_patience(call, policy))
    if link(call) is not None:
        return call.but(due_at=now + policy.settle, reason=None)
    looks_at = policy.recording_first_delay if policy.refetches_links else policy.recording_deadline
    wait = min(looks_at, policy.recording_deadline)
    return call.but(due_at=now + wait, reason=MISSING)


def is_overtaken(call: Call, event: e.Event) -> bool:
    """Tell whether a wait for a link, or its vain end, was decided before the link came."""
    if not isinstance(event, e.RecordingAwaited | e.Failed):
        return False
    return event.reason == MISSING and link(call) is not None


def _event_patience(call: Call, policy: Policy) -> timedelta:
    """Return how long ``call.recorded`` is waited for.

    A link that is known can be submitted at the deadline still. One that must be fetched is looked
    for sooner, so that there is time to look again.
    """
    if link(call) is not None or not is_obtainable(call, policy):
        return policy.recording_deadline
    return min(ANNOUNCED_PATIENCE * policy.recording_first_delay, policy.recording_deadline)


def _said_at(call: Call) -> datetime:
    """Return when WAVV said its link, by the sender's clock; else when it was first heard of."""
    at, _ = call.stamps.get("recording_url", (0.0, 0))
    return datetime.fromtimestamp(at, UTC) if at else call.created_at
