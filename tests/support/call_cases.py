"""The calls that go through one bridge at the same time, and the state in which each must end.

A case is named for what happens to the call. The sandbox reads the behaviour from the call id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from bridge.domain.call import Kind

S, E, R = Kind.STARTED, Kind.ENDED, Kind.RECORDED


@dataclass(frozen=True)
class Case:
    """One call: the events that are sent, and the result that is expected.

    ``happened`` are slugs that the timeline must hold. ``tries`` is the number of POST requests, if
    it is certain. ``engagements`` is the number of engagements that AskElephant makes.
    """

    behaviour: str = ""
    kinds: tuple[Kind, ...] = (S, E, R)
    changes: Mapping[str, Any] = field(default_factory=dict)
    state: str = "complete"
    reason: str | None = None
    insights: str = "all"
    happened: tuple[str, ...] = ()
    tries: int | None = None
    engagements: int = 1


def _complete(behaviour: str, tries: int | None = None, *happened: str) -> Case:
    return Case(behaviour, tries=tries, happened=happened)


def _incomplete(behaviour: str, insights: str) -> Case:
    return Case(behaviour, insights=insights, happened=("insights.final",))


def _failed(behaviour: str, reason: str, tries: int | None = 1, engagements: int = 1) -> Case:
    return Case(
        behaviour,
        state="failed",
        reason=reason,
        insights="pending",
        happened=("call.failed",),
        tries=tries,
        engagements=engagements,
    )


def _not_submitted(state: str, reason: str | None, *kinds: Kind, **changes: object) -> Case:
    """Return a call for which AskElephant gets no request."""
    return Case(
        kinds=kinds,
        changes=changes,
        state=state,
        reason=reason,
        insights="pending",
        tries=0,
        engagements=0,
    )


ORDERS = {
    f"received as {'-'.join(kind.removeprefix('Call').lower() for kind in kinds)}": Case(
        kinds=kinds
    )
    for kinds in permutations((S, E, R))
}

WAVV = ORDERS | {
    "recorded only": Case(kinds=(R,)),
    "every event five times": Case("twice-webhook+resent-webhook", (S, E, R) * 5, tries=1),
    "unrecorded": _not_submitted("unrecorded", None, S, E),
    "never ended": _not_submitted("unrecorded", "end_not_heard", S),
    "recorded without URL": _not_submitted(
        "failed", "recording_missing", S, E, R, recording_url=""
    ),
    "recording at a private address": _not_submitted(
        "failed", "recording_missing", S, E, R, recording_url="https://10.0.0.1/call.mp3"
    ),
    "too short": _not_submitted("skipped", "too_short", S, E, R, seconds=9),
    "voicemail": _not_submitted("skipped", "outcome_excluded", S, E, R, outcome="VOICEMAIL"),
    "owner known": Case(changes={"agent_id": "usr_alice"}, tries=1),
    "owner refused": Case(changes={"agent_id": "usr_ghost"}, happened=("owner.refused",), tries=2),
}

SUBMISSION = {
    "error before commit": _complete("error-before-commit.2", 3, "engagement.created"),
    "error after commit": _complete("error-after-commit.2", 3, "engagement.existed"),
    "conflict": _complete("conflict", 2, "engagement.created"),
    "slow media": _complete("slow-media.900", None, "step.deferred", "engagement.existed"),
    "connection reset": _complete("reset", 2, "engagement.existed"),
    "garbage for a response": _complete("garbage-json", 2, "engagement.existed"),
    "rejected with 422": _failed("reject", "rejected", engagements=0),
    "rejected with 400": _failed("bad-request", "rejected", engagements=0),
    "collision": _failed("collision", "external_id_collision"),
}

TRANSCRIPT = {
    "processing fails": _failed("failed", "processing_failed"),
    "processing never ends": _failed("stuck", "transcript_missing"),
    # The request waits for the delivery of the event: on a busy machine longer than its timeout.
    "event before the response": _complete("early-webhook"),
    "event twice": _complete("twice-webhook"),
    "event sent again and again": _complete("resent-webhook"),
    "event late": _complete("late-webhook.200"),
    "event never": _complete("no-webhook"),
    "event before it was created": _complete("unordered-webhook"),
    "event badly signed at first": _complete("bad-signature-first.2"),
    "event too old at first": _complete("old-timestamp-first"),
    "event always badly signed": _complete("bad-signature"),
    "event with two signatures": _complete("two-signatures"),
}

INSIGHTS = {
    "insights late": _complete("late-insights.400", None, "insights.final"),
    "insights partial": _incomplete("partial-insights", "some"),
    "insights never": _incomplete("no-insights", "none"),
    "engagement missing at first": _complete("read-missing.2", 1, "step.deferred"),
    "read fails": _complete("read-error.2", 1, "step.deferred"),
    "read gives garbage": _complete("read-garbage.2", 1, "step.deferred"),
    "unknown fields": _complete("unknown-fields+unknown-data-types", 1),
    "required fields only": _complete("sparse-answers", 1),
}

THROTTLED = {
    "in seconds": _complete("throttle-seconds", 2, "step.held"),
    "until a date": _complete("throttle-date", 2, "step.held"),
    "with a malformed time": _complete("throttle-garbage", 2, "step.held"),
    "without a time": _complete("throttle-bare.2", 3, "step.held"),
    "while reading": _complete("read-throttled", 1, "step.held"),
}
"""Throttled calls run apart from ``CASES``, because one throttled call holds every call."""

CASES: Mapping[str, Case] = WAVV | SUBMISSION | TRANSCRIPT | INSIGHTS
