"""Tests for the invariant of the chaos tests: it finds each breach and names the right call."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from tests.chaos.evidence import Evidence, Stored
from tests.chaos.invariant import SPOILED, Kind, breaches, counted, repeated_submissions
from tests.chaos.plan import PlannedCall, make_plan
from tests.chaos.senders import Acknowledged

BEGUN = datetime(2026, 5, 13, 14, tzinfo=UTC)
READY = "v1.engagement.transcript_timeline.completed"
PLAN = make_plan(Random(1), 40, BEGUN)  # noqa: S311 - made-up calls
CALL = next(call for call in PLAN if call.state == "complete" and not call.behaviour)
DIALED = next(call for call in PLAN if not call.is_recorded)


@pytest.fixture
def seen() -> Evidence:
    """Return the evidence of a run without a breach."""
    entries = {event.delivery.body: f"{n}-0" for n, (_, event) in enumerate(_events())}
    webhooks = {planned.call_id: f"{n}-1" for n, planned in enumerate(PLAN) if planned.engagements}
    acknowledged = [
        Acknowledged(planned.call_id, event.kind, event.delivery.body, 0.0)
        for planned, event in _events()
    ]
    stored = [Stored(entry, "wavv", raw, None) for raw, entry in entries.items()]
    heard = [
        _webhook(planned, webhooks[planned.call_id]) for planned in PLAN if planned.engagements
    ]
    return Evidence(
        acknowledged=acknowledged,
        unsent=[],
        journal={
            "engagements": [_engagement(planned) for planned in PLAN if planned.engagements],
            "deliveries": [_delivery(planned) for planned in PLAN if planned.engagements],
        },
        calls={planned.call_id: _call(planned, entries, webhooks) for planned in PLAN},
        stats={
            "states": {"complete": len(PLAN)},
            "overdue": {"submit": 0},
            "inbox": {"waiting": 0},
            "hold": None,
        },
        inbox=[*stored, *heard],
        dead_letters=0,
    )


def test_a_run_without_a_breach_passes(seen: Evidence) -> None:
    """The evidence that the other tests change has no breach."""
    assert breaches(PLAN, seen) == []


def _lose_event(seen: Evidence) -> Evidence:
    body = CALL.events[0].delivery.body
    return replace(seen, inbox=[stored for stored in seen.inbox if stored.raw != body])


def _forget_event(seen: Evidence) -> Evidence:
    seen.calls[CALL.call_id]["timeline"].pop(0)
    return seen


def _lose_webhook(seen: Evidence) -> Evidence:
    raw = _webhook(CALL, "").raw
    return replace(seen, inbox=[stored for stored in seen.inbox if stored.raw != raw])


def _forget_webhook(seen: Evidence) -> Evidence:
    seen.calls[CALL.call_id]["timeline"].pop()
    return seen


def _lose_engagement(seen: Evidence) -> Evidence:
    seen.journal["engagements"].remove(_engagement(CALL))
    return seen


def _forget_engagement(seen: Evidence) -> Evidence:
    seen.calls[CALL.call_id]["engagement_id"] = None
    return seen


def _lose_insights(seen: Evidence) -> Evidence:
    seen.calls[CALL.call_id]["insights"]["signals"] = []
    return seen


def _lose_call(seen: Evidence) -> Evidence:
    seen.stats["states"]["complete"] -= 1
    return replace(
        seen, calls={name: call for name, call in seen.calls.items() if name != CALL.call_id}
    )


def _double_engagement(seen: Evidence) -> Evidence:
    seen.journal["engagements"].append({**_engagement(CALL), "id": "ngmt_2"})
    return seen


def _double_insights(seen: Evidence) -> Evidence:
    seen.calls[CALL.call_id]["insights"]["signals"] *= 2
    return seen


def _leave_call(seen: Evidence) -> Evidence:
    seen.calls[CALL.call_id] |= {"state": "submitted", "reason": None}
    return seen


def _never_acknowledge(seen: Evidence) -> Evidence:
    return replace(seen, unsent=[CALL.call_id])


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (_lose_event, Kind.LOST),
        (_forget_event, Kind.LOST),
        (_lose_webhook, Kind.LOST),
        (_forget_webhook, Kind.LOST),
        (_lose_engagement, Kind.LOST),
        (_forget_engagement, Kind.LOST),
        (_lose_insights, Kind.LOST),
        (_lose_call, Kind.LOST),
        (_double_engagement, Kind.DUPLICATED),
        (_double_insights, Kind.DUPLICATED),
        (_leave_call, Kind.STUCK),
        (_never_acknowledge, Kind.STUCK),
    ],
)
def test_a_breach_of_one_call_names_that_call(
    seen: Evidence, harm: Callable[[Evidence], Evidence], kind: Kind
) -> None:
    """A breach is counted once, in one column, however many rules find it."""
    found = breaches(PLAN, harm(seen))
    assert {breach.call_id for breach in found} == {CALL.call_id}
    assert counted(found) == {kind: 1}


def test_an_engagement_without_a_recorded_call_is_a_breach(seen: Evidence) -> None:
    """An engagement of an unrecorded call, or of no call, counts as duplicated."""
    seen.journal["engagements"].append(_engagement(DIALED))
    seen.journal["engagements"].append({**_engagement(CALL), "external_id": "wavv-call-other"})
    doubled = {breach.call_id for breach in breaches(PLAN, seen) if breach.kind is Kind.DUPLICATED}
    assert doubled == {DIALED.call_id, "wavv-call-other"}


@pytest.mark.parametrize(
    "stats",
    [
        {"states": {"complete": len(PLAN) + 1}},
        {"states": {"complete": len(PLAN) - 1}},
        {"overdue": {"submit": 1}},
        {"inbox": {"waiting": 1}},
        {"hold": {"reason": "outage"}},
    ],
)
def test_counts_that_do_not_add_up_are_a_breach(seen: Evidence, stats: dict[str, Any]) -> None:
    """Wrong totals, overdue steps, waiting events and a hold are one breach each."""
    assert sum(counted(breaches(PLAN, replace(seen, stats=seen.stats | stats))).values()) == 1


def test_a_dead_letter_is_a_breach(seen: Evidence) -> None:
    """A dead letter is an acknowledged event without an effect."""
    assert counted(breaches(PLAN, replace(seen, dead_letters=1))) == {Kind.STUCK: 1}


def test_an_event_with_an_outcome_needs_no_timeline_entry(seen: Evidence) -> None:
    """A parked event, which came before its call was known, is accounted for."""
    seen.calls[CALL.call_id]["timeline"].pop()
    raw = _webhook(CALL, "").raw
    parked = [
        replace(stored, outcome="parked") if stored.raw == raw else stored for stored in seen.inbox
    ]
    assert breaches(PLAN, replace(seen, inbox=parked)) == []


def test_a_second_submission_after_the_response_is_a_breach(seen: Evidence) -> None:
    """A repeated submission after a saved response counts as duplicated."""
    seen.journal["requests"] = [_request(CALL, 0, 201), _request(CALL, 2, 200)]
    assert counted(repeated_submissions(PLAN, seen)) == {Kind.DUPLICATED: 1}


@pytest.mark.parametrize(
    "requests",
    [
        [(0, 500), (2, 201)],  # it failed at first
        [(0, 201), (0.5, 200)],  # sent before the response
        [(0, 201, 4), (5, 200)],  # after the timeout
    ],
)
def test_a_second_submission_without_a_known_result_is_no_breach(
    seen: Evidence, requests: list[tuple[float, ...]]
) -> None:
    """A submission whose result is unknown may be repeated."""
    seen.journal["requests"] = [_request(CALL, *request) for request in requests]
    assert list(repeated_submissions(PLAN, seen)) == []


def test_a_second_submission_after_a_broken_response_is_no_breach(seen: Evidence) -> None:
    """The sandbox's journal has a response that the bridge could not read."""
    seen.journal["requests"] = [_request(CALL, 0, 201), _request(CALL, 2, 200)]
    for behaviour in SPOILED:
        assert list(repeated_submissions([replace(CALL, behaviour=behaviour)], seen)) == []


def _request(
    planned: PlannedCall, at: float, status: float = 201, seconds: float = 1
) -> dict[str, Any]:
    sent = BEGUN + timedelta(seconds=at)
    return {
        "method": "POST",
        "external_id": f"wavv-call-{planned.call_id}",
        "at": sent.isoformat(),
        "answered_at": (sent + timedelta(seconds=seconds)).isoformat(),
        "status": status,
    }


def _events() -> list[tuple[PlannedCall, Any]]:
    return [(planned, event) for planned in PLAN for event in planned.events]


def _engagement(planned: PlannedCall) -> dict[str, Any]:
    external_id = f"wavv-call-{planned.call_id}"
    return {"id": f"ngmt_{planned.call_id}", "external_id": external_id,
            "action_items": 2, "signals": 1}  # fmt: skip


def _delivery(planned: PlannedCall) -> dict[str, Any]:
    external_id = f"wavv-call-{planned.call_id}"
    return {"type": READY, "engagement_id": f"ngmt_{planned.call_id}",
            "external_id": external_id, "status": 202}  # fmt: skip


def _webhook(planned: PlannedCall, entry: str) -> Stored:
    event = {"type": READY, "data": {"object": {"id": f"ngmt_{planned.call_id}"}}}
    return Stored(entry, "askelephant", json.dumps(event).encode(), None)


def _call(
    planned: PlannedCall, entries: dict[bytes, str], webhooks: dict[str, str]
) -> dict[str, Any]:
    events = [
        {"what": event.kind, "entry": entries[event.delivery.body]}
        for event in {event.delivery.body: event for event in planned.events}.values()
    ]
    ready = (
        [{"what": "transcript.ready", "entry": webhooks[planned.call_id]}]
        if planned.engagements
        else []
    )
    return {
        "state": planned.state,
        "reason": None,
        "engagement_id": f"ngmt_{planned.call_id}" if planned.engagements else None,
        "insights": {"action_items": [{}, {}], "signals": [{}]},
        "timeline": [*events, *ready],
    }
