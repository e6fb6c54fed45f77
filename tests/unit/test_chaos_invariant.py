"""The chaos suite's invariant: whatever breaks it, it says so, of the right call."""

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
CALL = next(one for one in PLAN if one.state == "complete" and not one.behaviour)
DIALED = next(one for one in PLAN if not one.is_recorded)


@pytest.fixture
def seen() -> Evidence:
    """Return what is seen when all went well."""
    entries = {event.delivery.body: f"{n}-0" for n, (_, event) in enumerate(_events())}
    webhooks = {one.call_id: f"{n}-1" for n, one in enumerate(PLAN) if one.engagements}
    acknowledged = [
        Acknowledged(one.call_id, event.kind, event.delivery.body, 0.0) for one, event in _events()
    ]
    stored = [Stored(entry, "wavv", raw, None) for raw, entry in entries.items()]
    heard = [_webhook(one, webhooks[one.call_id]) for one in PLAN if one.engagements]
    return Evidence(
        acknowledged=acknowledged,
        unsent=[],
        journal={
            "engagements": [_engagement(one) for one in PLAN if one.engagements],
            "deliveries": [_delivery(one) for one in PLAN if one.engagements],
        },
        calls={one.call_id: _call(one, entries, webhooks) for one in PLAN},
        stats={
            "states": {"complete": len(PLAN)},
            "overdue": {"submit": 0},
            "inbox": {"waiting": 0},
            "hold": None,
        },
        inbox=[*stored, *heard],
        dead_letters=0,
    )


def test_nothing_breaks_when_all_went_well(seen: Evidence) -> None:
    """The fixture of these tests is a good one, so that each of them shows one thing."""
    assert breaches(PLAN, seen) == []


def _lose_event(seen: Evidence) -> Evidence:
    body = CALL.events[0].delivery.body
    return replace(seen, inbox=[one for one in seen.inbox if one.raw != body])


def _forget_event(seen: Evidence) -> Evidence:
    seen.calls[CALL.call_id]["timeline"].pop(0)
    return seen


def _lose_webhook(seen: Evidence) -> Evidence:
    raw = _webhook(CALL, "").raw
    return replace(seen, inbox=[one for one in seen.inbox if one.raw != raw])


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
def test_harm_to_one_call_is_told_of_that_call(
    seen: Evidence, harm: Callable[[Evidence], Evidence], kind: Kind
) -> None:
    """One call in one column, however many signs there are of it."""
    found = breaches(PLAN, harm(seen))
    assert {one.call_id for one in found} == {CALL.call_id}
    assert counted(found) == {kind: 1}


def test_an_engagement_of_a_call_that_was_not_recorded_is_one_too_many(seen: Evidence) -> None:
    """So is one of no call at all."""
    seen.journal["engagements"].append(_engagement(DIALED))
    seen.journal["engagements"].append({**_engagement(CALL), "external_id": "wavv-call-other"})
    doubled = {one.call_id for one in breaches(PLAN, seen) if one.kind is Kind.DUPLICATED}
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
def test_counts_that_do_not_add_up_are_told(seen: Evidence, stats: dict[str, Any]) -> None:
    """They are of all calls, and stand for one in the table."""
    assert sum(counted(breaches(PLAN, replace(seen, stats=seen.stats | stats))).values()) == 1


def test_an_event_that_broke_its_handler_is_told(seen: Evidence) -> None:
    """It was acknowledged, and nothing came of it."""
    assert counted(breaches(PLAN, replace(seen, dead_letters=1))) == {Kind.STUCK: 1}


def test_an_event_with_an_outcome_needs_no_place_on_a_timeline(seen: Evidence) -> None:
    """Such as one that came before its call was known, and was parked."""
    seen.calls[CALL.call_id]["timeline"].pop()
    raw = _webhook(CALL, "").raw
    parked = [replace(one, outcome="parked") if one.raw == raw else one for one in seen.inbox]
    assert breaches(PLAN, replace(seen, inbox=parked)) == []


def test_a_second_submission_after_the_answer_is_told(seen: Evidence) -> None:
    """Where every answer is saved, it is one too many, though AskElephant makes nothing of it."""
    seen.journal["requests"] = [_request(CALL, 0, 201), _request(CALL, 2, 200)]
    assert counted(repeated_submissions(PLAN, seen)) == {Kind.DUPLICATED: 1}


@pytest.mark.parametrize(
    "requests",
    [
        [(0, 500), (2, 201)],  # it failed at first
        [(0, 201), (0.5, 200)],  # asked before the answer was there
        [(0, 201, 4), (5, 200)],  # nobody waited any more
    ],
)
def test_a_second_submission_for_a_reason_is_none(
    seen: Evidence, requests: list[tuple[float, ...]]
) -> None:
    """Asking again is right whenever it is not known what became of the first."""
    seen.journal["requests"] = [_request(CALL, *one) for one in requests]
    assert list(repeated_submissions(PLAN, seen)) == []


def test_a_second_submission_after_a_spoiled_answer_is_none(seen: Evidence) -> None:
    """What the sandbox has in its journal, the bridge has not heard."""
    seen.journal["requests"] = [_request(CALL, 0, 201), _request(CALL, 2, 200)]
    for behaviour in SPOILED:
        assert list(repeated_submissions([replace(CALL, behaviour=behaviour)], seen)) == []


def _request(
    one: PlannedCall, at: float, status: float = 201, seconds: float = 1
) -> dict[str, Any]:
    asked = BEGUN + timedelta(seconds=at)
    return {
        "method": "POST",
        "external_id": f"wavv-call-{one.call_id}",
        "at": asked.isoformat(),
        "answered_at": (asked + timedelta(seconds=seconds)).isoformat(),
        "status": status,
    }


def _events() -> list[tuple[PlannedCall, Any]]:
    return [(one, event) for one in PLAN for event in one.events]


def _engagement(one: PlannedCall) -> dict[str, Any]:
    external_id = f"wavv-call-{one.call_id}"
    return {"id": f"ngmt_{one.call_id}", "external_id": external_id,
            "action_items": 2, "signals": 1}  # fmt: skip


def _delivery(one: PlannedCall) -> dict[str, Any]:
    external_id = f"wavv-call-{one.call_id}"
    return {"type": READY, "engagement_id": f"ngmt_{one.call_id}",
            "external_id": external_id, "status": 202}  # fmt: skip


def _webhook(one: PlannedCall, entry: str) -> Stored:
    event = {"type": READY, "data": {"object": {"id": f"ngmt_{one.call_id}"}}}
    return Stored(entry, "askelephant", json.dumps(event).encode(), None)


def _call(one: PlannedCall, entries: dict[bytes, str], webhooks: dict[str, str]) -> dict[str, Any]:
    told = [
        {"what": event.kind, "entry": entries[event.delivery.body]}
        for event in {event.delivery.body: event for event in one.events}.values()
    ]
    ready = (
        [{"what": "transcript.ready", "entry": webhooks[one.call_id]}] if one.engagements else []
    )
    return {
        "state": one.state,
        "reason": None,
        "engagement_id": f"ngmt_{one.call_id}" if one.engagements else None,
        "insights": {"action_items": [{}, {}], "signals": [{}]},
        "timeline": [*told, *ready],
    }
