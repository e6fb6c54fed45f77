"""Events and calls for the tests of the domain: examples, and strategies for Hypothesis."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from bridge.domain import events as e
from bridge.domain.call import Call, InsightsSummary, Kind, Metadata, Problem, State, new_call
from bridge.domain.machine import advance
from bridge.domain.policy import Policy
from bridge.domain.timeline import EntryKind

AT = datetime(2026, 5, 13, 14, 0, tzinfo=UTC)
POLICY = Policy()
ENGAGEMENT = "ngmt_1"
RECORDING = "https://recordings.example.com/c-1.mp3"
FETCHED = "https://recordings.example.com/c-1.mp3?signature=fresh"
PROBLEM = Problem(reason="rejected", status=422, request_id="req_1")

STARTED = e.CallHeard("c-1", Kind.STARTED, Metadata(lead_name="Jane Doe"), AT)
ENDED = e.CallHeard("c-1", Kind.ENDED, Metadata(seconds=99), AT + timedelta(minutes=2))
RECORDED = e.CallHeard(
    "c-1", Kind.RECORDED, Metadata(recording_url=RECORDING), AT + timedelta(minutes=3)
)
UNLINKED = e.CallHeard("c-1", Kind.RECORDED, Metadata(), AT + timedelta(minutes=3))
LINKED = e.LinkFetched(FETCHED, AT + timedelta(hours=72))
UNREADY = Problem(reason="recording_not_ready", status=422, request_id="req_2")
AWAITED = e.RecordingAwaited("recording_not_ready", AT + timedelta(minutes=1), UNREADY)
SENT = e.SubmissionStarted("wavv-call-c-1", "wavv://call/c-1")
SUBMITTED = e.Submitted(ENGAGEMENT, created=True, request_id="req_1")
READY = e.TranscriptReady(ENGAGEMENT, source="webhook", entry="1-0")
READ = e.InsightsRead(
    InsightsSummary(counts={"signals": 1}, checks=1), next_at=AT + timedelta(hours=1)
)
FINAL = e.InsightsFinal(InsightsSummary(status="all", counts={"signals": 1}, checks=2))
DEFERRED = e.Deferred("server_error", AT + timedelta(minutes=5), problem=PROBLEM)

EVENTS: Mapping[type[e.Event], e.Event] = {
    e.CallHeard: STARTED,
    e.DeadlinePassed: e.DeadlinePassed(),
    e.LinkFetched: LINKED,
    e.RecordingAwaited: AWAITED,
    e.SubmissionStarted: SENT,
    e.Submitted: SUBMITTED,
    e.OwnerRefused: e.OwnerRefused(PROBLEM),
    e.FieldsRefused: e.FieldsRefused(("lead_email",), PROBLEM),
    e.TranscriptReady: READY,
    e.TranscriptPending: e.TranscriptPending(AT + timedelta(minutes=20)),
    e.TranscriptMissing: e.TranscriptMissing(),
    e.InsightsRead: READ,
    e.InsightsFinal: FINAL,
    e.Deferred: DEFERRED,
    e.Skipped: e.Skipped("too_short"),
    e.Failed: e.Failed("rejected", PROBLEM),
    e.Replayed: e.Replayed(),
    e.EventRefused: e.EventRefused("too_large", "call.recorded", Kind.RECORDED, 3_000_000, "3-0"),
    e.Noted: e.Noted(EntryKind.ENGAGEMENT_UPDATED, "2-0"),
}
"""One event of every type."""

_SUBMITTED = (STARTED, ENDED, RECORDED, SENT, SUBMITTED)
WAYS: Mapping[State, tuple[e.Event, ...]] = {
    State.LIVE: (STARTED,),
    State.ENDED: (STARTED, ENDED),
    State.RECORDED: (STARTED, ENDED, RECORDED),
    State.SUBMITTED: _SUBMITTED,
    State.TRANSCRIBED: (*_SUBMITTED, READY),
    State.COMPLETE: (*_SUBMITTED, READY, FINAL),
    State.UNRECORDED: (STARTED, ENDED, e.DeadlinePassed()),
    State.SKIPPED: (STARTED, ENDED, RECORDED, e.Skipped("too_short")),
    State.FAILED: (STARTED, ENDED, RECORDED, e.Failed("askelephant_error", PROBLEM)),
}
"""The events that bring a call into each state."""


def after(events: Iterable[e.Event], call: Call | None = None, at: datetime = AT) -> Call:
    """Return a call, a new one by default, after these events."""
    call = call or new_call("c-1", AT)
    for event in events:
        call = advance(call, event, at, POLICY)
    return call


def last_entry(call: Call) -> dict[str, object]:
    """Return the newest timeline entry without its time."""
    return call.timeline[-1].model_dump(exclude={"at"})


def merged(call: Call) -> dict[str, Any]:
    """Return the part of the record that must not depend on the order of arrival."""
    return call.model_dump(include={"state", "reason", "metadata", "stamps", "heard"})


def call_in(state: State) -> Call:
    """Return a call in this state."""
    return after(WAYS[state])


def recorded_call(**fields: Any) -> Call:  # noqa: ANN401 - metadata fields are of many types
    """Return a recorded call with this metadata and a recording URL."""
    return new_call("c-1", AT).but(
        state=State.RECORDED, metadata=Metadata(**{"recording_url": RECORDING} | fields)
    )


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
FEW_MOMENTS = st.sampled_from([AT + timedelta(minutes=minute) for minute in range(3)])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
_FEW: Mapping[Any, st.SearchStrategy[Any]] = {
    str | None: st.none() | st.sampled_from(["a", "b", "é"]) | TEXTS,
    int | None: st.none() | st.integers(0, 3),
    bool | None: st.none() | st.booleans(),
    datetime | None: st.none() | FEW_MOMENTS | MOMENTS,
}
METADATA = st.builds(
    Metadata,
    **{
        name: _FEW[field.annotation]
        for name, field in Metadata.model_fields.items()
        if name != "reported_seconds"
    },
)
"""Metadata with few different values, so that events often contradict each other."""

ENTRIES = st.builds("{}-{}".format, st.integers(1, 3), st.integers(0, 3))
HEARD = st.builds(
    e.CallHeard,
    call_id=st.just("c-1"),
    kind=st.sampled_from(Kind),
    metadata=METADATA,
    sent_at=st.none() | FEW_MOMENTS,
    notes=st.lists(TEXTS, max_size=2).map(tuple),
    entry=st.none() | TEXTS | ENTRIES,
    assumed=st.sampled_from([frozenset(), frozenset({"lead_phone", "agent_phone"})]),
)


def in_inbox(events: Iterable[e.CallHeard]) -> list[e.CallHeard]:
    """Return the events with increasing inbox entries."""
    return [replace(event, entry=f"1778680800000-{place}") for place, event in enumerate(events)]


PROBLEMS = st.builds(
    Problem,
    reason=TEXTS,
    status=st.none() | st.integers(400, 599),
    detail=st.none() | TEXTS,
    request_id=st.none() | TEXTS,
    errors=st.lists(st.dictionaries(TEXTS, JSON, max_size=2), max_size=2).map(tuple),
)
SUMMARIES = st.builds(
    InsightsSummary,
    status=st.sampled_from(["pending", "all", "some", "none"]),
    counts=st.dictionaries(TEXTS, st.integers(0, 9), max_size=2),
    checks=st.integers(0, 99),
    deadline=st.none() | MOMENTS,
)


LINKS_FETCHED = st.builds(e.LinkFetched, TEXTS, st.none() | MOMENTS)
REASONS = st.sampled_from(["recording_missing", "recording_not_ready"])


def any_event(engagements: st.SearchStrategy[str]) -> st.SearchStrategy[e.Event]:
    """Return a strategy for any event about one of these engagements."""
    return st.one_of(
        HEARD,
        st.sampled_from([RECORDED, e.DeadlinePassed(), e.Replayed()]),
        LINKS_FETCHED,
        st.builds(e.RecordingAwaited, REASONS, MOMENTS, st.none() | PROBLEMS),
        st.builds(e.SubmissionStarted, TEXTS, TEXTS, st.lists(TEXTS, max_size=2).map(tuple)),
        st.builds(e.Submitted, engagements, st.booleans(), st.none() | TEXTS),
        st.builds(e.OwnerRefused, PROBLEMS),
        st.builds(e.FieldsRefused, st.just(("lead_email",)), PROBLEMS),
        st.builds(e.TranscriptReady, engagements, st.sampled_from(["webhook", "poll"]), TEXTS),
        st.builds(e.InsightsRead, SUMMARIES, MOMENTS),
        st.builds(e.InsightsFinal, SUMMARIES),
        st.builds(e.Deferred, TEXTS, MOMENTS, st.booleans(), st.none() | PROBLEMS),
        st.builds(e.Skipped, TEXTS),
        st.builds(e.Failed, TEXTS | REASONS, st.none() | PROBLEMS),
        st.builds(
            e.EventRefused,
            TEXTS,
            st.none() | TEXTS,
            st.none() | st.sampled_from(Kind),
            st.integers(0),
            TEXTS,
        ),
        st.builds(e.Noted, TEXTS, st.none() | TEXTS),
    )


ANY_EVENT = any_event(st.sampled_from(["ngmt_1", "ngmt_2"]))
