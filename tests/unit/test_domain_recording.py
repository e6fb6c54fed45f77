"""Which link is submitted, when a fresh one is wanted, and what a wait for one does to a call."""

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
)
from tests.unit.test_domain_merge import said

OTHER = "https://recordings.example.com/other.mp3"
HOUR = timedelta(hours=1)
FETCHING = replace(POLICY, refetches_links=True)


def told(url: str, after_hours: float, kind: Kind = Kind.RECORDED) -> e.CallHeard:
    """Return WAVV's word of a link, so many hours after the call."""
    return e.CallHeard("c-1", kind, Metadata(recording_url=url), AT + after_hours * HOUR)


def url_of(call: Call) -> str | None:
    """Return the link that is submitted."""
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
        ([RECORDED], [LINKED, told(RECORDING, 9)], FETCHED),
        ([told(RECORDING, 9)], [LINKED], FETCHED),
        ([UNLINKED], [LINKED, told(OTHER, 0.1)], FETCHED),
        ([UNLINKED], [LINKED, told(OTHER, 9)], OTHER),
        ([RECORDED], [LINKED, told(OTHER, 9), LINKED], FETCHED),
        ([RECORDED], [LINKED, STARTED], FETCHED),
    ],
    ids=[
        "nothing", "said", "fetched-for-none", "fetched", "repeated", "repeated-later",
        "said-ahead-of-our-clock", "late-and-older", "said-after-the-fetch", "fetched-again",
        "no-word-of-it",
    ],
)  # fmt: skip
def test_a_fetched_link_yields_only_to_another_that_was_said_later(
    before: Sequence[e.Event], later: Sequence[e.Event], url: str | None
) -> None:
    """No event that is late or repeated brings a dead link back, whatever its sender's clock."""
    assert url_of(after(later, after(before), AT + HOUR)) == url


@settings(deadline=None)
@given(st.lists(HEARD, min_size=1, max_size=5), st.data())
def test_a_fetched_link_touches_nothing_that_was_said(
    heard: list[e.CallHeard], data: st.DataObject
) -> None:
    """Metadata and stamps are WAVV's words alone: when we asked has no part in their merge."""
    fetches = data.draw(st.lists(LINKS_FETCHED, max_size=3))
    events = in_inbox(heard)
    both: list[e.Event] = [*events, *fetches]
    mixed = data.draw(st.permutations(both))
    among, alone = said(after(mixed)), said(after(events))
    assert {**among, "reason": None} == {**alone, "reason": None}


@settings(deadline=None)
@given(st.lists(HEARD, max_size=5), LINKS_FETCHED)
def test_a_link_that_was_just_fetched_is_the_one_submitted(
    heard: list[e.CallHeard], fetched: e.LinkFetched
) -> None:
    """It never loses to what was said before, not even to a clock that is ahead."""
    assert url_of(after([UNLINKED, *heard, fetched])) == fetched.url


NOTHING_SAID = e.CallHeard("c-1", Kind.RECORDED, Metadata(recording_url=RECORDING))
LIVES = timedelta(hours=72) - timedelta(minutes=10)
SAID = AT + timedelta(minutes=3)


@pytest.mark.parametrize(
    ("events", "at", "wanted"),
    [
        ([UNLINKED], AT, True),
        ([RECORDED], SAID, False),
        ([RECORDED], SAID + LIVES - timedelta(seconds=1), False),
        ([RECORDED], SAID + LIVES, True),
        ([NOTHING_SAID], AT + LIVES - timedelta(seconds=1), False),
        ([NOTHING_SAID], AT + LIVES, True),
        ([RECORDED, e.LinkFetched(FETCHED)], AT + LIVES - timedelta(seconds=1), False),
        ([RECORDED, e.LinkFetched(FETCHED)], AT + LIVES, True),
        ([RECORDED, e.LinkFetched(FETCHED, AT + HOUR)], AT + timedelta(minutes=49), False),
        ([RECORDED, e.LinkFetched(FETCHED, AT + HOUR)], AT + timedelta(minutes=50), True),
        ([RECORDED, AWAITED], SAID, True),
        ([RECORDED, AWAITED, e.Deferred("throttled", AT, held=True)], SAID, True),
        ([RECORDED, AWAITED, LINKED, DEFERRED], SAID, False),
        ([RECORDED, DEFERRED], SAID, False),
    ],
)
def test_a_link_is_wanted_when_there_is_none_or_none_that_is_any_good(
    events: Sequence[e.Event],
    at: datetime,
    wanted: bool,  # noqa: FBT001 - a row of a table
) -> None:
    """Missing, refused by the last request, or so old that AskElephant might come too late."""
    assert wants_link(after(events), at) is wanted


def test_a_fetched_link_is_told_of_without_its_signature() -> None:
    """The timeline says that there is a new one; the link itself grants access."""
    entry = after([RECORDED, LINKED]).timeline[-1].model_dump(exclude={"at"})
    expires = (AT + timedelta(hours=72)).isoformat()
    assert entry == {"what": "recording.refetched", "expires_at": expires}
    bare = after([RECORDED, e.LinkFetched(FETCHED)]).timeline[-1].model_dump(exclude={"at"})
    assert bare == {"what": "recording.refetched"}


def test_a_wait_for_a_recording_is_no_failure() -> None:
    """AskElephant's patience is not used up; the looks are counted by themselves."""
    call = after([RECORDED, DEFERRED, AWAITED, AWAITED])
    assert (call.state, call.reason, call.due_at) == (State.RECORDED, AWAITED.reason, AWAITED.at)
    assert (call.looks, call.failures, call.failing_since, call.held) == (2, 0, None, False)
    assert call.problem == UNREADY
    assert call.timeline[-1].model_dump(exclude={"at"}) == {
        "what": "recording.awaited", "reason": "recording_not_ready",
        "until": AWAITED.at.isoformat(), "status": 422, "request_id": "req_2",
    }  # fmt: skip


def test_a_missing_link_is_looked_for_on_a_schedule_only_where_it_can_be() -> None:
    """Without a key only an event can bring it, and the deadline is all there is to wait for."""
    waits = [
        POLICY.recording_deadline, FETCHING.recording_first_delay, timedelta(seconds=30),
    ]  # fmt: skip
    short = replace(FETCHING, recording_deadline=timedelta(seconds=30))
    calls = [advance(after([STARTED]), UNLINKED, AT, one) for one in (POLICY, FETCHING, short)]
    assert [call.due_at for call in calls] == [AT + wait for wait in waits]
    assert {call.reason for call in calls} == {"recording_missing"}


@pytest.mark.parametrize("end", [e.RecordingAwaited("recording_missing", AT + HOUR),
                                 e.Failed("recording_missing")])  # fmt: skip
def test_a_link_that_came_while_one_was_looked_for_is_not_put_off(end: e.Event) -> None:
    """The event was saved during our request to WAVV: what that found is of the past."""
    came = after([UNLINKED, told(OTHER, 1)])
    call = after([end], came)
    assert (call.state, call.due_at, call.reason) == (State.RECORDED, came.due_at, None)


def test_a_new_link_ends_the_wait_for_a_recording_and_an_old_one_does_not() -> None:
    """WAVV sends the event again with a fresh link: no need to wait any longer."""
    waiting = after([RECORDED, AWAITED])
    assert after([RECORDED, told(RECORDING, 1)], waiting).due_at == AWAITED.at
    call = after([told(OTHER, 1)], waiting)
    assert (call.due_at, call.reason) == (AT + POLICY.settle, None)


def test_a_new_link_does_not_put_off_a_call_that_waits_for_something_else() -> None:
    """Only who waits for a recording is helped by one."""
    call = after([told(OTHER, 1)], after([RECORDED, DEFERRED]))
    assert (call.due_at, call.reason) == (DEFERRED.at, DEFERRED.reason)


def test_a_replay_looks_for_the_recording_as_at_first() -> None:
    """With a schedule and a deadline of its own, and the link that was fetched last."""
    failed = after([RECORDED, AWAITED, LINKED, AWAITED, e.Failed("recording_not_ready", UNREADY)])
    call = after([e.Replayed()], failed, AT + HOUR)
    assert (call.looks, call.problem, call.state_since) == (0, None, AT + HOUR)
    assert (url_of(call), call.due_at) == (FETCHED, AT + HOUR + POLICY.settle)


def test_a_request_carries_the_link_that_was_fetched() -> None:
    """A record of it alone would change nothing."""
    mapped = engagement_request(after([RECORDED, LINKED]), Mapper())
    assert isinstance(mapped, Mapped)
    assert mapped.request.media_url == FETCHED
