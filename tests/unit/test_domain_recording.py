"""Tests for the recording's link: which is submitted, when a new one is fetched, the wait."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain import events as e
from bridge.domain.call import Call, Kind, Metadata, State
from bridge.domain.machine import advance
from bridge.domain.mapping import Mapped, Mapper, engagement_request
from bridge.domain.recording import link, wants_link
from tests.support.domain import (
    AT,
    AWAITED,
    DEFERRED,
    FETCHED,
    HEARD,
    LINKED,
    LINKS_FETCHED,
    POLICY,
    RECORDED,
    RECORDING,
    STARTED,
    UNLINKED,
    UNREADY,
    after,
    in_inbox,
    merged,
)

OTHER = "https://recordings.example.com/other.mp3"
HOUR = timedelta(hours=1)
FETCHING = replace(POLICY, refetches_links=True)


def link_event(url: str, after_hours: float, kind: Kind = Kind.RECORDED) -> e.CallHeard:
    """Return WAVV's event that names this link, sent so many hours after the call."""
    return e.CallHeard("c-1", kind, Metadata(recording_url=url), AT + after_hours * HOUR)


def url_of(call: Call) -> str | None:
    """Return the link that is submitted, or ``None``."""
    found = link(call)
    return found.url if found else None


@pytest.mark.parametrize(
    ("before", "later", "url"),
    [
        ([], [], None),
        ([RECORDED], [], RECORDING),
        ([UNLINKED], [LINKED], FETCHED),
        ([RECORDED], [LINKED], FETCHED),
        ([RECORDED], [LINKED, RECORDED], FETCHED),
        ([RECORDED], [LINKED, link_event(RECORDING, 9)], FETCHED),
        ([link_event(RECORDING, 9)], [LINKED], FETCHED),
        ([UNLINKED], [LINKED, link_event(OTHER, 0.1)], FETCHED),
        ([UNLINKED], [LINKED, link_event(OTHER, 9)], OTHER),
        ([RECORDED], [LINKED, link_event(OTHER, 9), LINKED], FETCHED),
        ([RECORDED], [LINKED, STARTED], FETCHED),
    ],
    ids=[
        "none", "sent", "fetched-for-none", "fetched", "repeated", "repeated-later",
        "sent-ahead-of-our-clock", "late-and-older", "sent-after-the-fetch", "fetched-again",
        "without-a-link",
    ],
)  # fmt: skip
def test_a_fetched_link_yields_only_to_a_later_one(
    before: Sequence[e.Event], later: Sequence[e.Event], url: str | None
) -> None:
    """Only another link in an event sent after the fetch replaces a fetched link."""
    assert url_of(after(later, after(before), AT + HOUR)) == url


@settings(deadline=None)
@given(st.lists(HEARD, min_size=1, max_size=5), st.data())
def test_a_fetched_link_changes_no_metadata(heard: list[e.CallHeard], data: st.DataObject) -> None:
    """Fetched links change neither metadata nor stamps, which come from WAVV's events only."""
    fetches = data.draw(st.lists(LINKS_FETCHED, max_size=3))
    events = in_inbox(heard)
    both: list[e.Event] = [*events, *fetches]
    mixed = data.draw(st.permutations(both))
    among, alone = merged(after(mixed)), merged(after(events))
    assert {**among, "reason": None} == {**alone, "reason": None}


@settings(deadline=None)
@given(st.lists(HEARD, max_size=5), LINKS_FETCHED)
def test_a_link_that_was_just_fetched_is_the_one_submitted(
    heard: list[e.CallHeard], fetched: e.LinkFetched
) -> None:
    """The link fetched last is submitted, even if an event's clock is ahead."""
    assert url_of(after([UNLINKED, *heard, fetched])) == fetched.url


WITHOUT_A_TIME = e.CallHeard("c-1", Kind.RECORDED, Metadata(recording_url=RECORDING))
LIVES = timedelta(hours=72) - timedelta(minutes=10)
SENT_AT = AT + timedelta(minutes=3)


@pytest.mark.parametrize(
    ("events", "at", "wanted"),
    [
        ([UNLINKED], AT, True),
        ([RECORDED], SENT_AT, False),
        ([RECORDED], SENT_AT + LIVES - timedelta(seconds=1), False),
        ([RECORDED], SENT_AT + LIVES, True),
        ([WITHOUT_A_TIME], AT + LIVES - timedelta(seconds=1), False),
        ([WITHOUT_A_TIME], AT + LIVES, True),
        ([RECORDED, e.LinkFetched(FETCHED)], AT + LIVES - timedelta(seconds=1), False),
        ([RECORDED, e.LinkFetched(FETCHED)], AT + LIVES, True),
        ([RECORDED, e.LinkFetched(FETCHED, AT + HOUR)], AT + timedelta(minutes=49), False),
        ([RECORDED, e.LinkFetched(FETCHED, AT + HOUR)], AT + timedelta(minutes=50), True),
        ([RECORDED, AWAITED], SENT_AT, True),
        ([RECORDED, AWAITED, e.Deferred("throttled", AT, held=True)], SENT_AT, True),
        ([RECORDED, AWAITED, LINKED, DEFERRED], SENT_AT, False),
        ([RECORDED, DEFERRED], SENT_AT, False),
    ],
)
def test_a_link_is_wanted_when_none_is_usable(
    events: Sequence[e.Event],
    at: datetime,
    wanted: bool,  # noqa: FBT001 - a row of a table
) -> None:
    """A link is fetched if none is known, the last was refused, or it expires before long."""
    assert wants_link(after(events), at) is wanted


def test_a_fetched_link_is_noted_without_its_url() -> None:
    """The timeline names the expiry of a fetched link and not the link, which grants access."""
    entry = after([RECORDED, LINKED]).timeline[-1].model_dump(exclude={"at"})
    expires = (AT + timedelta(hours=72)).isoformat()
    assert entry == {"what": "recording.refetched", "expires_at": expires}
    bare = after([RECORDED, e.LinkFetched(FETCHED)]).timeline[-1].model_dump(exclude={"at"})
    assert bare == {"what": "recording.refetched"}


def test_a_wait_for_a_recording_is_no_failure() -> None:
    """A wait for a recording counts as a look and not as a failure."""
    call = after([RECORDED, DEFERRED, AWAITED, AWAITED])
    assert (call.state, call.reason, call.due_at) == (State.RECORDED, AWAITED.reason, AWAITED.at)
    assert (call.looks, call.failures, call.failing_since, call.held) == (2, 0, None, False)
    assert call.problem == UNREADY
    assert call.timeline[-1].model_dump(exclude={"at"}) == {
        "what": "recording.awaited", "reason": "recording_not_ready",
        "until": AWAITED.at.isoformat(), "status": 422, "request_id": "req_2",
    }  # fmt: skip


def test_a_missing_link_is_looked_for_only_with_a_key_for_wavvs_api() -> None:
    """Without a key for WAVV's API the call waits for an event until its deadline."""
    waits = [
        POLICY.recording_deadline, FETCHING.recording_first_delay, timedelta(seconds=30),
    ]  # fmt: skip
    short = replace(FETCHING, recording_deadline=timedelta(seconds=30))
    calls = [
        advance(after([STARTED]), UNLINKED, AT, policy) for policy in (POLICY, FETCHING, short)
    ]
    assert [call.due_at for call in calls] == [AT + wait for wait in waits]
    assert {call.reason for call in calls} == {"recording_missing"}


@pytest.mark.parametrize("end", [e.RecordingAwaited("recording_missing", AT + HOUR),
                                 e.Failed("recording_missing")])  # fmt: skip
def test_a_link_that_came_during_a_fetch_is_not_delayed(end: e.Event) -> None:
    """The result of a fetch is dropped when an event brought a link during the fetch."""
    came = after([UNLINKED, link_event(OTHER, 1)])
    call = after([end], came)
    assert (call.state, call.due_at, call.reason) == (State.RECORDED, came.due_at, None)


def test_a_new_link_ends_the_wait_for_a_recording_and_an_old_one_does_not() -> None:
    """A new link makes a waiting call due at once; the known link again does not."""
    waiting = after([RECORDED, AWAITED])
    assert after([RECORDED, link_event(RECORDING, 1)], waiting).due_at == AWAITED.at
    call = after([link_event(OTHER, 1)], waiting)
    assert (call.due_at, call.reason) == (AT + POLICY.settle, None)


def test_a_new_link_does_not_delay_a_call_that_waits_for_another_reason() -> None:
    """A new link leaves the due time of a call that waits for another reason unchanged."""
    call = after([link_event(OTHER, 1)], after([RECORDED, DEFERRED]))
    assert (call.due_at, call.reason) == (DEFERRED.at, DEFERRED.reason)


def test_a_replay_looks_for_the_recording_as_at_first() -> None:
    """A replay resets the count of looks and their deadline, and keeps the link fetched last."""
    failed = after([RECORDED, AWAITED, LINKED, AWAITED, e.Failed("recording_not_ready", UNREADY)])
    call = after([e.Replayed()], failed, AT + HOUR)
    assert (call.looks, call.problem, call.state_since) == (0, None, AT + HOUR)
    assert (url_of(call), call.due_at) == (FETCHED, AT + HOUR + POLICY.settle)


def test_a_request_carries_the_link_that_was_fetched() -> None:
    """The engagement request carries the fetched link."""
    mapped = engagement_request(after([RECORDED, LINKED]), Mapper())
    assert isinstance(mapped, Mapped)
    assert mapped.request.media_url == FETCHED
