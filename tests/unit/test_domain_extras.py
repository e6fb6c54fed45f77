"""Another recording of a call is never lost, and never taken for a freshly signed link."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain import events as e
from bridge.domain.call import Call, Kind, Metadata, Problem, State
from bridge.domain.extras import (
    MOST_EXTRAS,
    bare_link,
    call_of_extra,
    event_for_extra,
    extra_call_id,
)
from bridge.domain.machine import advance
from bridge.domain.mapping import Mapped, Mapper, engagement_request
from bridge.domain.policy import Policy
from bridge.domain.recording import link
from tests.support.domain import AT, ENDED, LINKED, POLICY, SENT, SUBMITTED, after

SUBMITTING = replace(POLICY, submits_extras=True)
FIRST, SECOND = "https://r.example/1.mp3", "https://r.example/2.mp3"


def told(url: str, minute: int = 3, place: str | None = None) -> e.CallHeard:
    """Return WAVV's event of a recording."""
    at = AT + timedelta(minutes=minute)
    return e.CallHeard("c-1", Kind.RECORDED, Metadata(recording_url=url), at, entry=place)


def through(events: Sequence[e.Event], policy: Policy = POLICY) -> Call:
    """Return a new call after these events."""
    call = after([])
    for event in events:
        call = advance(call, event, AT, policy)
    return call


def noted(call: Call, what: str) -> list[dict[str, object]]:
    """Return the details of the timeline's entries of this name."""
    entries = [entry for entry in call.timeline if entry.what == what]
    return [entry.model_dump(exclude={"at", "what"}) for entry in entries]


def links(call: Call) -> list[str]:
    """Return the links of the other recordings."""
    return [one.url for one in call.extra_recordings]


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("https://r.example/1.mp3?sig=1#t=2", "https://r.example/1.mp3"),
        ("HTTPS://R.Example/A.mp3", "https://r.example/A.mp3"),
        ("https://r.example?sig=1", "https://r.example"),
        ("https://[broken/1.mp3", "https://[broken/1.mp3"),
        ("no link", "no link"),
    ],
)
def test_links_are_compared_without_query_and_fragment(url: str, bare: str) -> None:
    """Both change with each signature; a host is the same in any case."""
    assert bare_link(url) == bare


def test_the_id_of_an_extra_call_is_stable_and_needs_no_escaping() -> None:
    """It stands in URLs, in keys and in ``external_id``."""
    call_id = extra_call_id("c-1", FIRST + "?sig=1")
    assert call_id == extra_call_id("c-1", FIRST + "?sig=2")
    assert call_id != extra_call_id("c-1", SECOND)
    head, _, tail = call_id.partition(".rec-")
    assert (head, len(tail), tail.isalnum()) == ("c-1", 8, True)


@pytest.mark.parametrize("events", [
    [told(FIRST), told(FIRST)],
    [told(FIRST), told(FIRST + "?sig=2", 4)],
    [told(FIRST), SENT, SUBMITTED, told(FIRST + "?sig=2", 4)],
    [told(FIRST), LINKED, SENT, told(FIRST)],
    [LINKED, SENT, told(FIRST)],
    [told(FIRST), e.CallHeard("c-1", Kind.ENDED, Metadata(seconds=9))],
])  # fmt: skip
def test_a_repeated_or_freshly_signed_link_is_no_other_recording(events: list[e.Event]) -> None:
    """Nor is one that was fetched from WAVV's API."""
    call = through(events, SUBMITTING)
    assert call.extra_recordings == ()
    assert noted(call, "recording.another") == []


@pytest.mark.parametrize("sent", [[SENT], [SENT, SUBMITTED]])
def test_another_recording_of_a_submitted_call_is_noted_and_replaces_nothing(
    sent: list[e.Event],
) -> None:
    """A transferred call has two files, and AskElephant has the first."""
    call = through([told(FIRST), *sent, told(SECOND + "?sig=1", 5, "7-0")])
    assert call.metadata.recording_url == FIRST
    assert links(call) == [SECOND + "?sig=1"]
    assert noted(call, "recording.another") == [{"link": SECOND, "entry": "7-0"}]
    again = advance(call, told(SECOND + "?sig=2", 6), AT, POLICY)
    assert links(again) == [SECOND + "?sig=2"]
    assert len(noted(again, "recording.another")) == 1


def test_of_two_recordings_before_the_submission_the_later_is_the_calls_own() -> None:
    """The other one is kept beside it, with its newest link, in any order of processing."""
    three = [told(FIRST, 3), told(SECOND, 4), told(SECOND + "?sig=2", 5)]
    calls = [through(order) for order in permutations(three)]
    assert {call.metadata.recording_url for call in calls} == {SECOND + "?sig=2"}
    assert {tuple(links(call)) for call in calls} == {(FIRST,)}
    flipped = [through(order) for order in permutations([*three[:2], told(FIRST + "?a", 6)])]
    assert {call.metadata.recording_url for call in flipped} == {FIRST + "?a"}
    assert {tuple(links(call)) for call in flipped} == {(SECOND,)}


PLACES = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=6, unique=True)


@given(PLACES, st.randoms())
def test_any_order_of_processing_ends_in_the_same_recordings(
    told_of: list[tuple[str, int]], random: object
) -> None:
    """And in the same id for each of them."""
    shuffled = list(told_of)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's Random
    one, other = (
        through([told(f"https://r.example/{name}?{minute}", minute) for name, minute in order])
        for order in (told_of, shuffled)
    )
    same = {minute for _, minute in told_of}
    if len(same) == len(told_of):
        assert one.extra_recordings == other.extra_recordings


def test_an_event_may_list_several_recordings() -> None:
    """The first is the call's own, the others are extra ones, however often they are listed."""
    third = "https://r.example/3.mp3"
    listing = replace(told(FIRST), other_links=(SECOND, third))
    call = through([listing, told(SECOND, -1), listing])
    assert call.metadata.recording_url == FIRST
    assert [one.url for one in call.extra_recordings] == [SECOND, third]
    assert noted(call, "recording.another") == [{"link": SECOND}, {"link": third}]
    sent = advance(call, SENT, AT, SUBMITTING)
    assert [one.call_id for one in sent.extra_recordings] == [
        extra_call_id("c-1", SECOND), extra_call_id("c-1", third),
    ]  # fmt: skip
    assert event_for_extra(sent.extra_recordings[0], listing).other_links == ()


def test_the_calls_own_recording_listed_again_is_no_other() -> None:
    """A list may hold it twice, under another signature."""
    listing = replace(told(f"{FIRST}?sig=1"), other_links=(f"{FIRST}?sig=2", SECOND))
    assert links(through([listing])) == [SECOND]


def test_extras_are_separated_when_the_calls_own_recording_is_sent() -> None:
    """Until then the call's own may change; later ones are separated at once."""
    waiting = through([told(FIRST), told(SECOND, 4)], SUBMITTING)
    assert [one.call_id for one in waiting.extra_recordings] == [None]
    sent = advance(waiting, SENT, AT, SUBMITTING)
    call_id = extra_call_id("c-1", FIRST)
    assert [one.call_id for one in sent.extra_recordings] == [call_id]
    assert noted(sent, "recording.separated") == [{"link": FIRST, "call_id": call_id}]
    third = "https://r.example/3.mp3"
    late = advance(advance(sent, SUBMITTED, AT, SUBMITTING), told(third, 9), AT, SUBMITTING)
    assert {one.call_id for one in late.extra_recordings} == {
        call_id, extra_call_id("c-1", third),
    }  # fmt: skip
    assert advance(late, told(FIRST + "?new", 10), AT, SUBMITTING).metadata.recording_url == SECOND


def test_a_replay_submits_extras_that_were_only_noted() -> None:
    """The operator has changed the setting since."""
    failed = through([told(FIRST), SENT, told(SECOND, 4), e.Failed("rejected")])
    replayed = advance(failed, e.Replayed(), AT, SUBMITTING)
    assert [one.call_id for one in replayed.extra_recordings] == [None]
    sent = advance(replayed, SENT, AT, SUBMITTING)
    assert [one.call_id for one in sent.extra_recordings] == [extra_call_id("c-1", SECOND)]


REFUSED = e.RecordingAwaited("recording_not_ready", AT, Problem(reason="recording_not_ready"))


def test_another_link_takes_the_place_of_one_that_was_refused() -> None:
    """AskElephant does not have the first; the call must not fail while another is known."""
    call = through([told(FIRST), SENT, REFUSED, told(SECOND, 4)])
    found = link(call)
    assert found is not None
    assert (found.url, links(call)) == (SECOND, [FIRST])
    separated = through([told(FIRST), SENT, REFUSED, told(SECOND, 4)], SUBMITTING)
    assert [one.call_id for one in separated.extra_recordings] == [extra_call_id("c-1", FIRST)]
    again = advance(separated, told(FIRST + "?new", 5), AT, SUBMITTING)
    assert (again.metadata.recording_url, links(again)) == (SECOND, [FIRST + "?new"])


def test_the_record_is_bounded() -> None:
    """Some senders sign their links in the path."""
    many = [told(f"https://r.example/{number}.mp3", number) for number in range(3 + MOST_EXTRAS)]
    assert len(through([told(FIRST), SENT, *many]).extra_recordings) == MOST_EXTRAS


def test_the_call_of_an_extra_is_a_recorded_call_with_the_links_of_both() -> None:
    """Its ``external_id`` is its own, its link back is the dialled call's."""
    parent = through([ENDED, told(FIRST), SENT, SUBMITTED, told(SECOND, 4)], SUBMITTING)
    (extra,) = parent.extra_recordings
    call = call_of_extra(parent, extra, AT, SUBMITTING)
    assert (call.state, call.recording_of, call.due_at) == (
        State.RECORDED, "c-1", AT + SUBMITTING.settle,
    )  # fmt: skip
    assert call.metadata.seconds == parent.metadata.seconds
    assert noted(call, "recording.separated") == [{"link": SECOND, "of": "c-1"}]
    mapped = engagement_request(call, Mapper())
    assert isinstance(mapped, Mapped)
    assert mapped.request.media_url == SECOND
    assert mapped.request.external_id == f"wavv-call-{extra.call_id}"
    assert mapped.request.external_url == "wavv://call/c-1"


def test_the_call_of_an_extra_hears_its_parents_events_but_no_other_link() -> None:
    """Late fields are about the conversation, whichever file it is in."""
    parent = through([told(FIRST), SENT, told(SECOND, 4)], SUBMITTING)
    (extra,) = parent.extra_recordings
    assert event_for_extra(extra, told(FIRST, 9)).metadata.recording_url is None
    fresh = event_for_extra(extra, told(SECOND + "?new", 9))
    assert (fresh.call_id, fresh.metadata.recording_url) == (extra.call_id, SECOND + "?new")
