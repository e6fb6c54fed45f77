"""Tests for what each event writes on the call's record, apart from its state."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain import events as e
from bridge.domain.call import Problem, State
from bridge.domain.machine import advance
from tests.support.domain import (
    AT,
    DEFERRED,
    ENDED,
    ENGAGEMENT,
    FINAL,
    POLICY,
    PROBLEM,
    READ,
    READY,
    RECORDED,
    SENT,
    SUBMITTED,
    after,
    call_in,
    last_entry,
)

LATER = AT + timedelta(hours=1)


def test_a_deferred_step_counts_its_failures_but_a_held_one_does_not() -> None:
    """A deferred step counts a failure; a held step does not, because a hold is for all calls."""
    call = after([RECORDED, DEFERRED, DEFERRED])
    assert (call.failures, call.held, call.due_at, call.problem) == (2, False, DEFERRED.at, PROBLEM)
    held = after([e.Deferred("rate_limited", LATER, held=True)], call)
    assert (held.failures, held.held, held.due_at, held.problem) == (2, True, LATER, PROBLEM)
    assert last_entry(held) == {
        "what": "step.held",
        "reason": "rate_limited",
        "until": LATER.isoformat(),
    }
    assert last_entry(call) == {
        "what": "step.deferred",
        "reason": "server_error",
        "until": DEFERRED.at.isoformat(),
        "status": 422,
        "request_id": "req_1",
    }


def test_a_step_forward_resets_the_failures() -> None:
    """A step that succeeds resets failures, hold and problem for the next step."""
    call = after([RECORDED, DEFERRED, e.Deferred("rate_limited", LATER, held=True), SUBMITTED])
    assert (call.failures, call.held, call.problem) == (0, False, None)


def test_a_fetch_of_insights_resets_the_failures() -> None:
    """A successful fetch of insights resets the failures of the fetches before."""
    call = after([DEFERRED, READ], call_in(State.TRANSCRIBED))
    assert (call.failures, call.held, call.reason) == (0, False, None)
    assert (call.due_at, call.insights) == (READ.next_at, READ.summary)


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (State.RECORDED, SUBMITTED),
        (State.SUBMITTED, e.TranscriptPending(LATER)),
        (State.TRANSCRIBED, READ),
        (State.TRANSCRIBED, FINAL),
    ],
)
def test_a_step_that_succeeds_clears_the_problem(state: State, event: e.Event) -> None:
    """A successful step removes the problem, so that operators see present problems only."""
    failed = after([DEFERRED], call_in(state))
    assert failed.problem == PROBLEM
    assert after([event], failed).problem is None


def test_every_submission_is_recorded_before_it_is_sent() -> None:
    """Attempt, ids and notes are on the record before the response or a webhook can come."""
    call = after([RECORDED, e.SubmissionStarted("id-1", "wavv://1", ("agent_unmapped",))])
    assert (call.attempts, call.external_id, call.external_url) == (1, "id-1", "wavv://1")
    assert last_entry(call) == {
        "what": "submission.started",
        "attempt": 1,
        "notes": ["agent_unmapped"],
    }


@pytest.mark.parametrize(
    ("created", "what"), [(True, "engagement.created"), (False, "engagement.existed")]
)
def test_a_submitted_call_waits_for_the_transcript_event_then_polls(
    created: bool,  # noqa: FBT001 - a row of a table
    what: str,
) -> None:
    """HTTP 201 and 200 get different entries, and the first poll is due after 15 minutes."""
    call = after([RECORDED, SENT, e.Submitted(ENGAGEMENT, created, "req_2")])
    assert (call.engagement_id, call.engagement_created) == (ENGAGEMENT, created)
    assert call.due_at == AT + timedelta(minutes=15)
    assert last_entry(call) == {"what": what, "engagement_id": ENGAGEMENT, "request_id": "req_2"}


@pytest.mark.parametrize(("source", "seconds"), [("webhook", 45), ("poll", 0)])
def test_insights_get_a_deadline_and_a_first_check_when_the_transcript_is_ready(
    source: str, seconds: int
) -> None:
    """The first check is due 45 s after a webhook and at once after a poll."""
    call = after([RECORDED, SENT, SUBMITTED, e.TranscriptReady(ENGAGEMENT, source)])
    assert call.state is State.TRANSCRIBED
    assert call.due_at == AT + timedelta(seconds=seconds)
    assert call.insights.deadline == AT + timedelta(minutes=30)


def test_a_transcript_before_the_response_waits_for_it() -> None:
    """A transcript webhook that came before the POST's response counts after the response."""
    early = after([RECORDED, SENT, READY])
    assert (early.state, early.transcript_engagement_id) == (State.RECORDED, ENGAGEMENT)
    call = after([SUBMITTED], early)
    assert (call.state, call.due_at) == (State.TRANSCRIBED, AT + timedelta(seconds=45))
    assert [entry.what for entry in call.timeline[-2:]] == [
        "transcript.ready",
        "engagement.created",
    ]


def test_another_engagements_transcript_is_not_this_ones() -> None:
    """A transcript of another engagement does not move the call, even if both share a link."""
    call = after([RECORDED, SENT, e.TranscriptReady("ngmt_2", "webhook"), SUBMITTED])
    assert call.state is State.SUBMITTED


def test_a_refused_owner_is_left_out_of_the_next_request_at_once() -> None:
    """A refused owner makes the next request due at once and ends the call's hold."""
    held = e.Deferred("credentials_refused", LATER, held=True)
    call = after([RECORDED, held, SENT, e.OwnerRefused(PROBLEM)], at=LATER)
    assert (call.owner_refused, call.due_at, call.problem) == (True, LATER, PROBLEM)
    assert not call.held


def test_refused_fields_are_left_out_of_the_next_request_at_once() -> None:
    """Refused fields are left out one after the other, until a replay tries them again."""
    fields = [e.FieldsRefused((field,), PROBLEM) for field in ("lead_phone", "lead_email")]
    call = after([RECORDED, SENT, fields[0], SENT, fields[1]], at=LATER)
    assert (call.dropped, call.due_at) == (("lead_email", "lead_phone"), LATER)
    assert (call.problem, call.held) == (PROBLEM, False)
    assert last_entry(call) == {
        "what": "participant.refused",
        "fields": ["lead_email"],
        "request_id": "req_1",
    }
    failed = after([e.Failed("rejected", PROBLEM), e.Replayed()], call)
    assert failed.dropped == ()


def test_a_replay_resets_the_call_but_keeps_its_external_ids() -> None:
    """A replay resets attempts and problem and keeps ``external_id`` and ``external_url``."""
    refused = after([RECORDED, SENT, e.OwnerRefused(PROBLEM), SENT, e.Failed("rejected", PROBLEM)])
    call = after([e.Replayed()], refused, at=LATER)
    assert (call.state, call.attempts, call.owner_refused) == (State.RECORDED, 0, False)
    assert (call.problem, call.due_at) == (None, LATER + timedelta(seconds=2))
    assert (call.external_id, call.external_url) == (SENT.external_id, SENT.external_url)


def test_a_replayed_call_whose_transcript_is_known_goes_straight_to_its_insights() -> None:
    """A replayed call with a known transcript does not wait for a second webhook."""
    call = after([e.Replayed(), SENT, SUBMITTED], call_in(State.COMPLETE))
    assert call.state is State.TRANSCRIBED


def test_a_failure_keeps_the_request_until_a_replay() -> None:
    """The sent request is kept on a failed submission only, and a replay removes it."""
    sent = {"title": "Call with Jane Doe", "participants": [{"name": "Jane Doe"}]}
    failed = after([RECORDED, SENT, e.Failed("rejected", PROBLEM, sent)])
    assert failed.request == sent
    assert after([ENDED], failed).request == sent
    again = after([e.Replayed()], failed)
    assert again.request is None
    assert after([SENT, SUBMITTED, e.Failed("processing_failed")], again).request is None


def test_a_failure_without_a_problem_keeps_the_last_one() -> None:
    """A failure keeps the last problem, whose ``request_id`` AskElephant's support needs."""
    call = after([RECORDED, DEFERRED, e.Failed("transcript_missing")])
    assert (call.reason, call.problem) == ("transcript_missing", PROBLEM)
    other = Problem(reason="rejected", request_id="req_2")
    assert after([RECORDED, DEFERRED, e.Failed("rejected", other)]).problem == other


def test_a_complete_call_records_which_insights_came() -> None:
    """A complete call records the counts and the status of its insights."""
    call = call_in(State.COMPLETE)
    assert (call.insights, call.due_at) == (FINAL.summary, None)
    assert last_entry(call) == {"what": "insights.final", "counts": {"signals": 1}, "status": "all"}


def test_failures_are_dated_from_the_first_in_a_row() -> None:
    """``failing_since`` is the first failure in a row; a hold neither resets nor ages it."""
    early, later = AT + timedelta(minutes=10), AT + timedelta(hours=1)
    first = e.Deferred("askelephant_error", early)
    failing = after([first], call_in(State.RECORDED))
    assert after([e.Deferred("askelephant_error", later)], failing, early).failing_since == AT
    held = e.Deferred("credentials_refused", later, held=True)
    waiting = after([held], failing, early)
    assert (waiting.failing_since, waiting.failures) == (AT, 1)
    released = after([first], waiting, later)
    assert (released.failing_since, released.failures) == (later - timedelta(minutes=10), 2)


def test_a_poll_without_a_transcript_is_no_failure() -> None:
    """A pending transcript counts a poll and no failure."""
    polled = after([e.TranscriptPending(AT)] * 6, call_in(State.SUBMITTED))
    assert (polled.polls, polled.failures, polled.reason) == (6, 0, "transcript_pending")


@pytest.mark.parametrize("late", [e.TranscriptPending(AT), e.TranscriptMissing()])
def test_a_poll_that_is_overtaken_by_the_event_changes_nothing(late: e.Event) -> None:
    """A poll's result is dropped when the transcript webhook arrived during the poll."""
    call = call_in(State.TRANSCRIBED)
    overtaken = after([late], call)
    assert (overtaken.state, overtaken.due_at) == (call.state, call.due_at)


def test_the_first_fetch_is_not_after_the_deadline() -> None:
    """With a deadline before the first delay, the first fetch is due at the deadline."""
    policy = replace(POLICY, insights_deadline=timedelta(seconds=10))
    call = advance(call_in(State.SUBMITTED), READY, AT, policy)
    assert call.due_at == call.insights.deadline == AT + timedelta(seconds=10)
