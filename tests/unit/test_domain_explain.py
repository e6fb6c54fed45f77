"""Tests for the sentence that says where a call is, and why."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import pytest

from bridge.domain import events as e
from bridge.domain.call import Call, InsightsSummary, Kind, State
from bridge.domain.causes import CAUSES
from bridge.domain.explain import Facts, Pause, Stopped, WaitsFor, explain, waits_for
from bridge.reasons import Reason, Table
from tests.support.domain import (
    AT,
    AWAITED,
    ENDED,
    POLICY,
    PROBLEM,
    READ,
    STARTED,
    UNLINKED,
    WAYS,
    after,
)

FACTS = Facts(POLICY)
NOW = AT + timedelta(minutes=1)
TO_RECORDED, TO_TRANSCRIBED = WAYS[State.RECORDED], WAYS[State.TRANSCRIBED]
SOME = InsightsSummary(status="some", counts={"signals": 1}, checks=9)


def deferred(reason: str, *, held: bool = False) -> e.Event:
    """Return a step that is put off by two minutes."""
    return e.Deferred(reason, AT + timedelta(minutes=2), held=held, problem=PROBLEM)


HELD = after([*TO_RECORDED, deferred("throttled", held=True)])
PAUSE = Pause("throttled", AT, AT + timedelta(minutes=4))


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        (
            (STARTED,),
            (
                "The call has started, and WAVV has not reported its end. Without a recording it "
                "becomes unrecorded at 2026-05-14 14:00 UTC. Nothing to do."
            ),
        ),
        (
            TO_RECORDED,
            (
                "The recording is there, and the call waits for its submission to AskElephant. "
                "Next try at 14:00 UTC. Nothing to do."
            ),
        ),
        (
            (*TO_RECORDED, deferred("askelephant_error")),
            (
                "AskElephant returned a server error (try 1). Next try at 14:02 UTC; it fails at "
                "2026-05-15 14:00 UTC. Nothing to do."
            ),
        ),
        (
            (*TO_RECORDED, AWAITED),
            (
                "AskElephant could not fetch the recording (try 1). Next try at 14:01 UTC; it "
                "fails at 2026-05-14 14:00 UTC. Nothing to do."
            ),
        ),
        (
            (STARTED, ENDED, UNLINKED),
            (
                "WAVV announced a recording and has sent no link to it. Next try at 2026-05-14 "
                "14:00 UTC; it fails at 2026-05-14 14:00 UTC. Nothing to do; with "
                "BRIDGE_WAVV_API_KEY the bridge fetches the link itself."
            ),
        ),
        (
            WAYS[State.SUBMITTED],
            (
                "AskElephant has the call and makes its transcript. Without a webhook the bridge "
                "looks for it at 14:15 UTC; it fails at 2026-05-14 14:00 UTC. Nothing to do."
            ),
        ),
        (
            (*WAYS[State.SUBMITTED], e.TranscriptPending(AT + timedelta(minutes=20))),
            (
                "AskElephant has no transcript yet (try 1). Without a webhook the bridge looks for "
                "it at 14:20 UTC; it fails at 2026-05-14 14:00 UTC. Nothing to do."
            ),
        ),
        (
            TO_TRANSCRIBED,
            (
                "The transcript is ready, and AskElephant's action items and signals are missing. "
                "Next fetch at 14:00 UTC; at the latest it is complete at 14:30 UTC. Nothing to do."
            ),
        ),
        (
            (*TO_TRANSCRIBED, deferred("askelephant_timeout")),
            (
                "AskElephant did not respond in time (try 1). Next fetch at 14:02 UTC; it fails at "
                "2026-05-15 14:00 UTC. Nothing to do."
            ),
        ),
        (WAYS[State.COMPLETE], "The call is complete, with all insights. Nothing to do."),
        (
            (*TO_TRANSCRIBED, e.InsightsFinal(SOME)),
            (
                "The call is complete. AskElephant had found no action items by the deadline. "
                "Nothing to do."
            ),
        ),
        (WAYS[State.UNRECORDED], "The call ended without a recording. Nothing to do."),
        (
            WAYS[State.SKIPPED],
            (
                "The call is skipped by a rule. The talk time is below BRIDGE_SKIP_SHORTER_THAN. "
                "Nothing to do; a replay submits the call in spite of the rule."
            ),
        ),
        (
            WAYS[State.FAILED],
            "The call failed. AskElephant returned a server error. Replay the call.",
        ),
    ],
)
def test_the_sentence_says_where_the_call_is_and_what_comes_next(
    events: Sequence[e.Event], sentence: str
) -> None:
    """Cause first, then the next step with its times, then what a person must do."""
    assert explain(after(events), FACTS, NOW).sentence == sentence


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("reason", [None, *Reason, "reason_of_a_newer_version"])
def test_every_record_is_explained(state: State, reason: str | None) -> None:
    """Any state with any reason, also one of a newer version, gives whole sentences."""
    call = after(WAYS[state]).but(reason=reason)
    explained = explain(call, FACTS, NOW)
    assert explained.sentence.endswith(".")
    assert "{" not in explained.sentence
    assert explained.waits_for is waits_for(call)
    if reason is not None and reason in CAUSES:
        cause = CAUSES[Reason(reason)]
        assert cause.text.removesuffix(".") in explained.sentence or state is State.COMPLETE
    elif reason is not None and state is not State.COMPLETE:
        assert reason in explained.sentence or state is State.UNRECORDED


def test_every_reason_of_calls_has_a_cause() -> None:
    """The table of causes and the documented reasons of calls are the same."""
    documented = {one for one in Reason if any(row.table is Table.CALLS for row in one.rows)}
    assert documented == {*CAUSES}


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        *((after(WAYS[state]), waits) for state, waits in (
            (State.LIVE, WaitsFor.RECORDING),
            (State.ENDED, WaitsFor.RECORDING),
            (State.RECORDED, WaitsFor.SUBMISSION),
            (State.SUBMITTED, WaitsFor.TRANSCRIPT),
            (State.TRANSCRIBED, WaitsFor.INSIGHTS),
            (State.COMPLETE, WaitsFor.NOTHING),
            (State.UNRECORDED, WaitsFor.NOTHING),
            (State.SKIPPED, WaitsFor.NOTHING),
            (State.FAILED, WaitsFor.OPERATOR),
        )),
        (after([STARTED, ENDED, UNLINKED]), WaitsFor.RECORDING),
        (HELD, WaitsFor.HOLD),
    ],
)  # fmt: skip
def test_what_a_call_waits_for_is_known_from_its_record(call: Call, expected: WaitsFor) -> None:
    """The indexes are kept by it, so that it needs nothing but the record."""
    assert waits_for(call) is expected


def test_a_held_call_names_the_hold_and_the_next_request() -> None:
    """The hold's reason and times, not the call's own due time."""
    explained = explain(HELD, Facts(POLICY, (PAUSE,)), NOW)
    assert explained.sentence == (
        "Requests to AskElephant are held since 14:00 UTC. AskElephant returned 429: too many "
        "requests. The next request is sent at 14:04 UTC. Until then no deadline of the call "
        "comes nearer. Nothing to do."
    )
    assert (explained.since, explained.next_at) == (AT, PAUSE.next_at)


def test_a_hold_of_another_step_is_not_the_calls() -> None:
    """A call that waits to be submitted is not explained by a hold of insights."""
    other = Pause("scope_missing", AT, AT + timedelta(hours=1), step="insights")
    own = Pause("reason_of_a_newer_version", AT, AT + timedelta(minutes=3), step="submit")
    assert "has ended" in explain(HELD, Facts(POLICY, (other,)), NOW).sentence
    assert "`reason_of_a_newer_version`" in explain(HELD, Facts(POLICY, (other, own)), NOW).cause


def test_a_held_call_whose_hold_has_ended_needs_a_sweep() -> None:
    """Without a sweep it would wait for ever, so the advice is to start what runs sweeps."""
    assert explain(HELD, FACTS, NOW).advice == "Nothing to do."
    stopped = Facts(POLICY, stopped=Stopped.SWEEPS)
    assert explain(HELD, stopped, NOW).advice == "Start beat."


@pytest.mark.parametrize(
    ("facts", "end"),
    [
        (FACTS, "due since 14:00 UTC. Workers are running. Nothing to do."),
        (
            Facts(POLICY, stopped=Stopped.WORKERS, stopped_since=AT),
            (
                "due since 14:00 UTC. No worker has run since 14:00 UTC. "
                "Start a worker, and beat if it does not run."
            ),
        ),
        (
            Facts(POLICY, stopped=Stopped.WORKERS),
            (
                "due since 14:00 UTC. No worker has run yet. "
                "Start a worker, and beat if it does not run."
            ),
        ),
        (
            Facts(POLICY, stopped=Stopped.SWEEPS, stopped_since=AT),
            (
                "due since 14:00 UTC. Workers are running, but no sweep has ended since 14:00 UTC. "
                "Start beat."
            ),
        ),
        (
            Facts(POLICY, stopped=Stopped.SWEEPS),
            ("due since 14:00 UTC. Workers are running, but no sweep has ended yet. Start beat."),
        ),
    ],
)
def test_an_overdue_call_says_whether_workers_and_sweeps_run(facts: Facts, end: str) -> None:
    """An overdue step without a worker is an operator's matter."""
    explained = explain(after(TO_RECORDED), facts, AT + timedelta(hours=1))
    assert explained.sentence.endswith(end)


def test_a_rejected_first_event_is_told() -> None:
    """A call of which only a rejected event was received has not been reported as started."""
    refused = e.EventRefused("too_large", "call.ended", Kind.ENDED, 3_000_000, "3-0")
    assert "was rejected" in explain(after([refused]), FACTS, NOW).cause


@pytest.mark.parametrize(("recorded", "refetches"), [(True, True), (True, False), (False, True)])
def test_an_announced_recording_is_awaited(recorded: bool, refetches: bool) -> None:  # noqa: FBT001 - table
    """With WAVV's API the bridge goes on without the event; without it the call ends unrecorded."""
    call = after([STARTED, ENDED])
    call = call.but(metadata=call.metadata.model_copy(update={"recorded": recorded}))
    facts = Facts(POLICY.__class__(refetches_links=refetches))
    explained = explain(call, facts, NOW)
    assert ("announced" in explained.cause) is recorded
    assert ("submits it without" in explained.outlook) is (recorded and refetches)
    assert (explained.deadline is None) is (recorded and refetches)


def test_fetches_of_insights_are_counted() -> None:
    """The sentence names what is still missing, and how often it was looked for."""
    once = after([*TO_TRANSCRIBED, READ])
    assert "action items are missing after one fetch." in explain(once, FACTS, NOW).cause
    twice = once.but(insights=once.insights.model_copy(update={"checks": 2}))
    assert "after 2 fetches." in explain(twice, FACTS, NOW).cause


def test_a_submission_on_its_way_is_told() -> None:
    """After the first attempt the call is being submitted."""
    sent = after([*TO_RECORDED, e.SubmissionStarted("id", "url")])
    assert "is being submitted" in explain(sent, FACTS, NOW).cause


def test_times_are_in_the_readers_zone() -> None:
    """A moment of today has no date, by the reader's calendar."""
    zone = timezone(timedelta(hours=11), "AEDT")
    explained = explain(after(WAYS[State.SUBMITTED]), Facts(POLICY, zone=zone), NOW)
    assert "01:15 AEDT; it fails at 2026-05-15 01:00 AEDT" in explained.outlook


def test_a_call_with_no_due_time_has_no_outlook() -> None:
    """A damaged due time is not printed."""
    call = after(TO_RECORDED).but(due_at=None)
    assert explain(call, FACTS, datetime.max.replace(tzinfo=AT.tzinfo)).outlook == ""
