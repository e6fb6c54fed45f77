"""Tests that known recordings and transcripts are used, and that late events reopen a call."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bridge.domain import events as e
from bridge.domain.call import Call, Kind, Metadata, State
from bridge.domain.machine import advance
from bridge.domain.policy import Policy
from bridge.domain.recording import link
from tests.support.domain import (
    AT,
    ENDED,
    ENGAGEMENT,
    POLICY,
    PROBLEM,
    READY,
    RECORDED,
    RECORDING,
    SENT,
    STARTED,
    SUBMITTED,
    UNLINKED,
    after,
    call_in,
)

ANNOUNCED = e.CallHeard("c-1", Kind.ENDED, Metadata(recorded=True), AT + timedelta(minutes=2))
LINK_NAMED = e.CallHeard(
    "c-1", Kind.ENDED, Metadata(recorded=True, recording_url=RECORDING), AT + timedelta(minutes=2)
)
PASSED = e.DeadlinePassed()
UNREADABLE = e.EventRefused("bad_json", "call.recorded", Kind.RECORDED, 9, "5-0")
FETCHING = replace(POLICY, refetches_links=True)
RULES = replace(POLICY, skip_shorter_than=timedelta(seconds=10), skip_outcomes=frozenset({"BUSY"}))


def through(events: list[e.Event], policy: Policy, at: datetime = AT) -> Call:
    """Return a new call after these events under a policy."""
    call = after([])
    for event in events:
        call = advance(call, event, at, policy)
    return call


def slugs(call: Call) -> list[str]:
    """Return the slugs of the timeline."""
    return [entry.what for entry in call.timeline]


@pytest.mark.parametrize(
    ("events", "policy", "state", "reason", "entry"),
    [
        ([ENDED], POLICY, State.UNRECORDED, None, "recording.not_made"),
        ([ENDED], FETCHING, State.UNRECORDED, None, "recording.not_made"),
        ([ANNOUNCED], POLICY, State.UNRECORDED, "recording_not_received", "recording.not_received"),
        ([ANNOUNCED], FETCHING, State.RECORDED, "recording_missing", "recording.overdue"),
        ([LINK_NAMED], POLICY, State.RECORDED, None, "recording.overdue"),
        ([LINK_NAMED], FETCHING, State.RECORDED, None, "recording.overdue"),
        ([STARTED, replace(LINK_NAMED, kind=Kind.STARTED)], POLICY, State.RECORDED, None,
         "recording.overdue"),
    ],
)  # fmt: skip
def test_a_known_recording_is_submitted_or_gives_a_reason(
    events: list[e.Event], policy: Policy, state: State, reason: str | None, entry: str
) -> None:
    """A known link is submitted, an announced one fetched; without a key a reason is set."""
    call = through([*events, PASSED], policy)
    assert (call.state, call.reason, slugs(call)[-1]) == (state, reason, entry)
    assert call.due_at == (AT if state is State.RECORDED else None)


def test_an_announced_recording_is_looked_for_long_before_the_deadline() -> None:
    """With a key for WAVV's API an announced recording is looked for after ten minutes."""
    dues = [
        through(list(events), policy).due_at
        for events, policy in [
            ([ENDED], FETCHING), ([LINK_NAMED], FETCHING), ([ANNOUNCED], POLICY),
            ([ANNOUNCED], FETCHING), ([ENDED, ANNOUNCED], FETCHING),
        ]
    ]  # fmt: skip
    day, minutes = AT + timedelta(days=1), AT + timedelta(minutes=10)
    assert dues == [day, day, day, minutes, minutes]


def test_a_repeated_event_does_not_put_the_deadline_off() -> None:
    """A repeated event leaves the deadline, which counts from the start of the state."""
    call = through([ENDED], POLICY)
    again = advance(call, ENDED, AT + timedelta(hours=5), POLICY)
    assert again.due_at == call.due_at


@pytest.mark.parametrize(
    ("late", "policy", "state", "reason"),
    [
        (ANNOUNCED, POLICY, State.UNRECORDED, "recording_not_received"),
        (ANNOUNCED, FETCHING, State.RECORDED, "recording_missing"),
        (LINK_NAMED, POLICY, State.RECORDED, None),
        (RECORDED, POLICY, State.RECORDED, None),
        (UNLINKED, POLICY, State.RECORDED, "recording_missing"),
        (ENDED, FETCHING, State.UNRECORDED, None),
        (UNREADABLE, POLICY, State.UNRECORDED, "event_refused"),
        (UNREADABLE, FETCHING, State.RECORDED, "recording_missing"),
        (replace(UNREADABLE, kind=None), FETCHING, State.UNRECORDED, "event_refused"),
    ],
)
def test_a_late_event_about_a_recording_reopens_an_unrecorded_call(
    late: e.Event, policy: Policy, state: State, reason: str | None
) -> None:
    """An event about a recording has the same effect after the deadline as before it."""
    call = through([STARTED, PASSED, late], policy)
    assert (call.state, call.reason) == (state, reason)
    assert ("call.reopened" in slugs(call)) is (state is State.RECORDED)


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (UNLINKED, "recording_missing"),
        (RECORDED, "recording_not_ready"),
        (RECORDED, "media_url_private"),
        (RECORDED, "media_url_not_https"),
    ],
)
def test_a_new_link_reopens_a_call_that_failed_for_its_recording(
    before: e.Event, reason: str
) -> None:
    """Only a new link, and only after a failure of the recording, reopens the call."""
    fresh = replace(RECORDED, metadata=Metadata(recording_url=RECORDING + "?signature=new"))
    fresh = replace(fresh, sent_at=AT + timedelta(hours=1))
    failed = after([before, SENT, e.Failed(reason, PROBLEM)])
    assert after([before], failed).state is State.FAILED
    call = after([fresh], failed)
    assert (call.state, call.reason, call.problem) == (State.RECORDED, None, None)
    assert slugs(call)[-1] == "call.reopened"
    assert after([RECORDED, e.Failed("rejected"), fresh]).state is State.FAILED


def ended_event(**metadata: object) -> e.CallHeard:
    """Return a ``call.ended`` event with these metadata, sent two hours after the call."""
    return e.CallHeard(
        "c-1", Kind.ENDED, Metadata.model_validate(metadata), AT + timedelta(hours=2)
    )


def test_an_event_that_lifts_the_rule_reopens_a_skipped_call() -> None:
    """A later value that no rule excludes makes a skipped call recorded again."""
    skipped = through([ended_event(seconds=0), RECORDED, e.Skipped("too_short")], RULES)
    lifted = advance(
        skipped, replace(ended_event(seconds=95), sent_at=AT + timedelta(days=1)), AT, RULES
    )
    assert (lifted.state, lifted.reason) == (State.RECORDED, None)
    assert lifted.due_at == AT + RULES.settle
    assert lifted.timeline[-1].model_dump(exclude={"at"}) == {
        "what": "call.reopened", "was": "skipped", "reason": "too_short",
    }  # fmt: skip


def test_a_skipped_call_stays_skipped_for_the_rule_that_applies_now() -> None:
    """A call that meets another rule stays skipped with that rule's reason."""
    skipped = through([ended_event(seconds=0), RECORDED, e.Skipped("too_short")], RULES)
    again = advance(skipped, ended_event(seconds=0), AT, RULES)
    assert (again.state, again.reason) == (State.SKIPPED, "too_short")
    busy = replace(ended_event(seconds=95, outcome="BUSY"), sent_at=AT + timedelta(days=1))
    other = advance(skipped, busy, AT, RULES)
    assert (other.state, other.reason) == (State.SKIPPED, "outcome_excluded")


def test_a_rule_that_the_operator_removed_is_lifted_by_a_replay_only() -> None:
    """A repeated event does not reopen a call whose rule the operator has removed."""
    skipped = through([ended_event(seconds=0), RECORDED, e.Skipped("too_short")], RULES)
    call = advance(skipped, ended_event(seconds=0), AT, POLICY)
    assert (call.state, call.reason) == (State.SKIPPED, "too_short")


def test_a_replay_overrules_the_rules_until_the_call_rests_again() -> None:
    """A replay overrules the rule, notes it, and stops doing so when the call rests."""
    skipped = through([ended_event(seconds=0), RECORDED, e.Skipped("too_short")], RULES)
    call = advance(skipped, e.Replayed(), AT, RULES)
    assert call.rules_overruled
    assert call.timeline[-1].model_dump(exclude={"at"}) == {
        "what": "rule.overruled", "reason": "too_short",
    }  # fmt: skip
    failed = advance(call, e.Failed("rejected"), AT, RULES)
    assert not failed.rules_overruled
    assert "rule.overruled" not in slugs(advance(failed, e.Replayed(), AT, POLICY))[-1:]


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([SUBMITTED, e.TranscriptMissing()], "transcript_missing"),
        ([SUBMITTED, e.Failed("processing_failed")], "processing_failed"),
        ([SUBMITTED, e.Failed("engagement_missing")], "engagement_missing"),
        ([e.Failed("askelephant_timeout", PROBLEM)], "askelephant_timeout"),
        ([e.Failed("askelephant_unreachable")], "askelephant_unreachable"),
    ],
)
def test_a_transcript_reopens_a_failed_call(events: list[e.Event], reason: str) -> None:
    """A transcript event proves that the engagement exists, and its id is used."""
    failed = after([RECORDED, SENT, *events])
    assert (failed.state, failed.reason) == (State.FAILED, reason)
    call = after([READY], failed)
    assert (call.state, call.reason, call.problem) == (State.TRANSCRIBED, None, None)
    assert call.engagement_id == call.transcript_engagement_id == ENGAGEMENT
    assert call.due_at == AT + timedelta(seconds=45)
    assert slugs(call)[-2:] == ["call.reopened", "transcript.ready"]


@pytest.mark.parametrize("reason", ["rejected", "external_id_collision", "recording_not_ready"])
def test_a_transcript_of_a_refused_call_waits_for_its_replay(reason: str) -> None:
    """A call that AskElephant refused stays failed until a response names its engagement."""
    call = after([RECORDED, SENT, e.Failed(reason, PROBLEM), READY])
    assert (call.state, call.reason, slugs(call)[-1]) == (State.FAILED, reason, "transcript.ready")
    assert after([e.Replayed(), SENT, SUBMITTED], call).state is State.TRANSCRIBED


def test_another_engagements_transcript_reopens_nothing() -> None:
    """A transcript of another engagement than the call's is ignored."""
    failed = after([RECORDED, SENT, SUBMITTED, e.TranscriptMissing()])
    call = after([e.TranscriptReady("ngmt_2", "webhook", "3-0")], failed)
    assert (call.state, slugs(call)[-1]) == (State.FAILED, "event.ignored")


def test_a_submission_that_fails_after_its_transcript_event_continues() -> None:
    """A submission without a response continues if its transcript event came before."""
    call = after([RECORDED, SENT, READY, e.Failed("askelephant_timeout", PROBLEM)])
    assert (call.state, call.engagement_id) == (State.TRANSCRIBED, ENGAGEMENT)
    assert slugs(call)[-2:] == ["call.failed", "call.reopened"]
    refused = after([RECORDED, SENT, READY, e.Failed("rejected", PROBLEM)])
    assert refused.state is State.FAILED


def test_a_failed_replay_of_a_call_with_an_engagement_stays_failed() -> None:
    """A transcript from before the replay does not prove that the replay was accepted."""
    call = after([e.Replayed(), SENT, e.Failed("askelephant_error")], call_in(State.COMPLETE))
    assert call.state is State.FAILED


def test_a_named_link_is_submitted_at_the_deadline() -> None:
    """A link that another event named is submitted when ``call.recorded`` did not come."""
    found = link(through([LINK_NAMED, PASSED], POLICY))
    assert found is not None
    assert found.url == RECORDING
