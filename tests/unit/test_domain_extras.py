"""Tests for further recordings of one call: each is kept and differs from a re-signed link."""

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


def recorded(url: str, minute: int = 3, place: str | None = None) -> e.CallHeard:
    """Return an event that names this recording, sent so many minutes after the call."""
    at = AT + timedelta(minutes=minute)
    return e.CallHeard("c-1", Kind.RECORDED, Metadata(recording_url=url), at, entry=place)


def through(events: Sequence[e.Event], policy: Policy = POLICY) -> Call:
    """Return a new call after these events under this policy."""
    call = after([])
    for event in events:
        call = advance(call, event, AT, policy)
    return call


def details_of(call: Call, what: str) -> list[dict[str, object]]:
    """Return the details of all timeline entries with this slug."""
    entries = [entry for entry in call.timeline if entry.what == what]
    return [entry.model_dump(exclude={"at", "what"}) for entry in entries]


def links(call: Call) -> list[str]:
    """Return the links of the call's further recordings."""
    return [extra.url for extra in call.extra_recordings]


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
    """Query and fragment are ignored, because they change with each signature."""
    assert bare_link(url) == bare


def test_the_id_of_an_extra_call_is_stable_and_needs_no_escaping() -> None:
    """The id is alphanumeric and the same for every signature of one link."""
    call_id = extra_call_id("c-1", FIRST + "?sig=1")
    assert call_id == extra_call_id("c-1", FIRST + "?sig=2")
    assert call_id != extra_call_id("c-1", SECOND)
    head, _, tail = call_id.partition(".rec-")
    assert (head, len(tail), tail.isalnum()) == ("c-1", 8, True)


@pytest.mark.parametrize("events", [
    [recorded(FIRST), recorded(FIRST)],
    [recorded(FIRST), recorded(FIRST + "?sig=2", 4)],
    [recorded(FIRST), SENT, SUBMITTED, recorded(FIRST + "?sig=2", 4)],
    [recorded(FIRST), LINKED, SENT, recorded(FIRST)],
    [LINKED, SENT, recorded(FIRST)],
    [recorded(FIRST), e.CallHeard("c-1", Kind.ENDED, Metadata(seconds=9))],
])  # fmt: skip
def test_a_repeated_or_freshly_signed_link_is_no_other_recording(events: list[e.Event]) -> None:
    """A link with a new signature adds no recording, nor does a link fetched from WAVV's API."""
    call = through(events, SUBMITTING)
    assert call.extra_recordings == ()
    assert details_of(call, "recording.another") == []


@pytest.mark.parametrize("sent", [[SENT], [SENT, SUBMITTED]])
def test_another_recording_of_a_submitted_call_is_noted_and_replaces_nothing(
    sent: list[e.Event],
) -> None:
    """The second file of a submitted call is kept as an extra, once, with its newest link."""
    call = through([recorded(FIRST), *sent, recorded(SECOND + "?sig=1", 5, "7-0")])
    assert call.metadata.recording_url == FIRST
    assert links(call) == [SECOND + "?sig=1"]
    assert details_of(call, "recording.another") == [{"link": SECOND, "entry": "7-0"}]
    again = advance(call, recorded(SECOND + "?sig=2", 6), AT, POLICY)
    assert links(again) == [SECOND + "?sig=2"]
    assert len(details_of(again, "recording.another")) == 1


def test_of_two_recordings_before_the_submission_the_later_is_the_calls_own() -> None:
    """In any order of processing the later recording is the call's, the other an extra."""
    three = [recorded(FIRST, 3), recorded(SECOND, 4), recorded(SECOND + "?sig=2", 5)]
    calls = [through(order) for order in permutations(three)]
    assert {call.metadata.recording_url for call in calls} == {SECOND + "?sig=2"}
    assert {tuple(links(call)) for call in calls} == {(FIRST,)}
    flipped = [through(order) for order in permutations([*three[:2], recorded(FIRST + "?a", 6)])]
    assert {call.metadata.recording_url for call in flipped} == {FIRST + "?a"}
    assert {tuple(links(call)) for call in flipped} == {(SECOND,)}


PLACES = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=6, unique=True)


@given(PLACES, st.randoms())
def test_any_order_of_processing_ends_in_the_same_recordings(
    recordings: list[tuple[str, int]], random: object
) -> None:
    """Events with distinct times give the same extras and ids in any order."""
    shuffled = list(recordings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's Random
    in_order, in_random_order = (
        through([recorded(f"https://r.example/{name}?{minute}", minute) for name, minute in order])
        for order in (recordings, shuffled)
    )
    same = {minute for _, minute in recordings}
    if len(same) == len(recordings):
        assert in_order.extra_recordings == in_random_order.extra_recordings


def test_an_event_may_list_several_recordings() -> None:
    """The first listed link is the call's recording, each other link one extra."""
    third = "https://r.example/3.mp3"
    listing = replace(recorded(FIRST), other_links=(SECOND, third))
    call = through([listing, recorded(SECOND, -1), listing])
    assert call.metadata.recording_url == FIRST
    assert [extra.url for extra in call.extra_recordings] == [SECOND, third]
    assert details_of(call, "recording.another") == [{"link": SECOND}, {"link": third}]
    sent = advance(call, SENT, AT, SUBMITTING)
    assert [extra.call_id for extra in sent.extra_recordings] == [
        extra_call_id("c-1", SECOND), extra_call_id("c-1", third),
    ]  # fmt: skip
    assert event_for_extra(sent.extra_recordings[0], listing).other_links == ()


def test_the_calls_own_recording_listed_again_is_no_other() -> None:
    """A list that holds the call's recording twice, with two signatures, adds no extra for it."""
    listing = replace(recorded(f"{FIRST}?sig=1"), other_links=(f"{FIRST}?sig=2", SECOND))
    assert links(through([listing])) == [SECOND]


def test_extras_are_separated_when_the_calls_own_recording_is_sent() -> None:
    """Extras become calls when the call's recording is sent; later extras do so at once."""
    waiting = through([recorded(FIRST), recorded(SECOND, 4)], SUBMITTING)
    assert [extra.call_id for extra in waiting.extra_recordings] == [None]
    sent = advance(waiting, SENT, AT, SUBMITTING)
    call_id = extra_call_id("c-1", FIRST)
    assert [extra.call_id for extra in sent.extra_recordings] == [call_id]
    assert details_of(sent, "recording.separated") == [{"link": FIRST, "call_id": call_id}]
    third = "https://r.example/3.mp3"
    late = advance(advance(sent, SUBMITTED, AT, SUBMITTING), recorded(third, 9), AT, SUBMITTING)
    assert {extra.call_id for extra in late.extra_recordings} == {
        call_id, extra_call_id("c-1", third),
    }  # fmt: skip
    assert (
        advance(late, recorded(FIRST + "?new", 10), AT, SUBMITTING).metadata.recording_url == SECOND
    )


def test_a_replay_submits_extras_that_were_only_noted() -> None:
    """A replay under ``submits_extras`` separates the extras that were only noted before."""
    failed = through([recorded(FIRST), SENT, recorded(SECOND, 4), e.Failed("rejected")])
    replayed = advance(failed, e.Replayed(), AT, SUBMITTING)
    assert [extra.call_id for extra in replayed.extra_recordings] == [None]
    sent = advance(replayed, SENT, AT, SUBMITTING)
    assert [extra.call_id for extra in sent.extra_recordings] == [extra_call_id("c-1", SECOND)]


REFUSED = e.RecordingAwaited("recording_not_ready", AT, Problem(reason="recording_not_ready"))


def test_another_link_replaces_one_that_askelephant_refused() -> None:
    """A link that AskElephant refused is exchanged for another known link."""
    call = through([recorded(FIRST), SENT, REFUSED, recorded(SECOND, 4)])
    found = link(call)
    assert found is not None
    assert (found.url, links(call)) == (SECOND, [FIRST])
    separated = through([recorded(FIRST), SENT, REFUSED, recorded(SECOND, 4)], SUBMITTING)
    assert [extra.call_id for extra in separated.extra_recordings] == [extra_call_id("c-1", FIRST)]
    again = advance(separated, recorded(FIRST + "?new", 5), AT, SUBMITTING)
    assert (again.metadata.recording_url, links(again)) == (SECOND, [FIRST + "?new"])


def test_a_call_keeps_a_bounded_number_of_extras() -> None:
    """At most ``MOST_EXTRAS`` extras are kept, also when each link differs in its path."""
    many = [
        recorded(f"https://r.example/{number}.mp3", number) for number in range(3 + MOST_EXTRAS)
    ]
    assert len(through([recorded(FIRST), SENT, *many]).extra_recordings) == MOST_EXTRAS


def test_the_call_of_an_extra_is_a_recorded_call_with_the_links_of_both() -> None:
    """The extra's call has its own ``external_id`` and the dialled call's ``external_url``."""
    parent = through([ENDED, recorded(FIRST), SENT, SUBMITTED, recorded(SECOND, 4)], SUBMITTING)
    (extra,) = parent.extra_recordings
    call = call_of_extra(parent, extra, AT, SUBMITTING)
    assert (call.state, call.recording_of, call.due_at) == (
        State.RECORDED, "c-1", AT + SUBMITTING.settle,
    )  # fmt: skip
    assert call.metadata.seconds == parent.metadata.seconds
    assert details_of(call, "recording.separated") == [{"link": SECOND, "of": "c-1"}]
    mapped = engagement_request(call, Mapper())
    assert isinstance(mapped, Mapped)
    assert mapped.request.media_url == SECOND
    assert mapped.request.external_id == f"wavv-call-{extra.call_id}"
    assert mapped.request.external_url == "wavv://call/c-1"


def test_the_call_of_an_extra_gets_its_parents_events_without_other_links() -> None:
    """Metadata of later events reaches the extra's call, links of other recordings do not."""
    parent = through([recorded(FIRST), SENT, recorded(SECOND, 4)], SUBMITTING)
    (extra,) = parent.extra_recordings
    assert event_for_extra(extra, recorded(FIRST, 9)).metadata.recording_url is None
    fresh = event_for_extra(extra, recorded(SECOND + "?new", 9))
    assert (fresh.call_id, fresh.metadata.recording_url) == (extra.call_id, SECOND + "?new")
