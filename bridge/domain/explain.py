"""Explains where a call is: why, since when, what comes next, and whether a person must act. Pure.

The API, the command line and the pages show the same sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from bridge.domain.call import RESTING, Call, State
from bridge.domain.causes import CAUSES, NOTHING, Cause
from bridge.domain.deadlines import (
    USUAL_LATENESS,
    insights_deadline,
    state_deadline,
    waited,
)
from bridge.domain.policy import Policy
from bridge.domain.recording import is_obtainable
from bridge.domain.steps import next_step, waits_for_hold
from bridge.reasons import Reason

NO_RECORDING = frozenset({Reason.RECORDING_MISSING, Reason.RECORDING_NOT_READY})


class WaitsFor(StrEnum):
    """What a call waits for."""

    RECORDING = "recording"
    SUBMISSION = "submission"
    TRANSCRIPT = "transcript"
    INSIGHTS = "insights"
    HOLD = "hold"
    OPERATOR = "operator"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Pause:
    """A hold in force. ``step`` empty = requests of all steps are held."""

    reason: str
    since: datetime
    next_at: datetime
    step: str = ""


class Stopped(StrEnum):
    """What does not run, so that due steps wait."""

    WORKERS = "workers"
    SWEEPS = "sweeps"


@dataclass(frozen=True, slots=True)
class Facts:
    """What an explanation needs and the record does not have.

    ``stopped_since`` is when the last worker was seen, or when the last sweep ended, by
    ``stopped``. ``None`` = never. Times in sentences are in ``zone``.
    """

    policy: Policy
    pauses: tuple[Pause, ...] = ()
    stopped: Stopped | None = None
    stopped_since: datetime | None = None
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a call is. ``sentence`` is ``cause``, ``outlook`` and ``advice`` in one text.

    ``since`` is when it began to wait for this, ``next_at`` when the bridge does something for it
    next, and ``deadline`` when the bridge stops waiting. ``None`` = there is no such moment.
    """

    cause: str
    outlook: str
    advice: str
    waits_for: WaitsFor
    since: datetime
    next_at: datetime | None = None
    deadline: datetime | None = None

    @property
    def sentence(self) -> str:
        """The whole text, for one line."""
        return " ".join(part for part in (self.cause, self.outlook, self.advice) if part)


def waits_for(call: Call) -> WaitsFor:
    """Return what a call waits for, by its record alone."""
    if waits_for_hold(call):
        return WaitsFor.HOLD
    if call.state is State.RECORDED and call.reason in NO_RECORDING:
        return WaitsFor.RECORDING
    return WAITS_FOR[call.state]


def explain(call: Call, facts: Facts, now: datetime) -> Explanation:
    """Return where the call is, and why. Any stored record can be explained."""
    if call.state in RESTING:
        return _at_rest(call, facts)
    if waits_for_hold(call):
        return _held(call, facts, now)
    deadline = _deadline(call, facts.policy, now)
    return Explanation(
        cause=_waiting_cause(call, facts),
        outlook=_outlook(call, deadline, facts, now),
        advice=_advice(call, facts, now),
        waits_for=waits_for(call),
        since=call.failing_since or call.state_since,
        next_at=call.due_at,
        deadline=deadline,
    )


def _at_rest(call: Call, facts: Facts) -> Explanation:
    cause = _cause(call.reason)
    why, advice = ("", NOTHING) if cause is None else (cause.text, cause.at_rest)
    if cause is None and call.reason is not None:
        why = f"The reason is `{call.reason}`."
    if cause is None and call.state is State.FAILED:
        advice = "`problem` and the timeline have what is known; then replay the call."
    return Explanation(
        cause=_result(call, why, facts.policy).strip(),
        outlook="",
        advice=advice,
        waits_for=WAITS_FOR[call.state],
        since=call.state_since,
    )


def _held(call: Call, facts: Facts, now: datetime) -> Explanation:
    step = next_step(call)
    pauses = [pause for pause in facts.pauses if pause.step in {"", step.name if step else ""}]
    if not pauses:
        return Explanation(
            cause="The call waited for a hold of requests, which has ended.",
            outlook="It runs at the next sweep.",
            advice=START[facts.stopped] if facts.stopped else NOTHING,
            waits_for=WaitsFor.HOLD,
            since=call.held_since or call.state_since,
            next_at=now,
        )
    pause = max(pauses, key=lambda pause: pause.next_at)
    cause = _cause(pause.reason)
    why = cause.text if cause else f"The reason is `{pause.reason}`."
    return Explanation(
        cause=f"Requests to AskElephant are held since {_clock(pause.since, facts, now)}. {why}",
        outlook=f"The next request is sent at {_clock(pause.next_at, facts, now)}. "
        "Until then no deadline of the call comes nearer.",
        advice=cause.waiting if cause else NOTHING,
        waits_for=WaitsFor.HOLD,
        since=pause.since,
        next_at=pause.next_at,
    )


def _waiting_cause(call: Call, facts: Facts) -> str:
    cause = _cause(call.reason)
    if call.reason is None:
        return _where(call, facts.policy)
    text = cause.text if cause else f"The call waits for the reason `{call.reason}`."
    tries = call.looks if call.reason in NO_RECORDING else call.failures
    if call.reason == Reason.TRANSCRIPT_PENDING:
        tries = call.polls
    return f"{text.removesuffix('.')} (try {tries})." if tries else text


def _outlook(call: Call, deadline: datetime | None, facts: Facts, now: datetime) -> str:
    """Return what happens next, and when."""
    if call.due_at is None:
        return ""
    if now - call.due_at > USUAL_LATENESS:
        overdue = f"Its next step has been due since {_clock(call.due_at, facts, now)}."
        return f"{overdue} {_stopped(facts, now)}".strip()
    template = NEXT[call.state]
    if call.state in {State.LIVE, State.ENDED} and is_obtainable(call, facts.policy):
        template = "The bridge submits it without that event at {next}."
    ends = "it fails at" if call.failing_since else ENDS.get(call.state)
    end = f"; {ends} {_clock(deadline, facts, now)}" if deadline and ends else ""
    return template.format(next=_clock(call.due_at, facts, now), end=end)


def _stopped(facts: Facts, now: datetime) -> str:
    since = facts.stopped_since
    when = "yet" if since is None else f"since {_clock(since, facts, now)}"
    match facts.stopped:
        case None:
            return "Workers are running."
        case Stopped.WORKERS:
            return f"No worker has run {when}."
        case _:
            return f"Workers are running, but no sweep has ended {when}."


def _advice(call: Call, facts: Facts, now: datetime) -> str:
    is_overdue = call.due_at is not None and now - call.due_at > USUAL_LATENESS
    if is_overdue and facts.stopped:
        return START[facts.stopped]
    cause = _cause(call.reason)
    return cause.waiting if cause else NOTHING


def _deadline(call: Call, policy: Policy, now: datetime) -> datetime | None:
    """Return when the bridge stops trying what the call waits for."""
    if call.failing_since is not None:
        elapsed = waited(call, call.failing_since, now)
        return call.failing_since + policy.retry_deadline + elapsed
    match waits_for(call):
        case WaitsFor.RECORDING if call.state is not State.RECORDED:
            return None if is_obtainable(call, policy) else call.due_at
        case WaitsFor.RECORDING:
            return state_deadline(call, policy.recording_deadline, now)
        case WaitsFor.TRANSCRIPT:
            return state_deadline(call, policy.transcript_deadline, now)
        case WaitsFor.INSIGHTS:
            return insights_deadline(call, now)
        case _:
            return None


def _cause(reason: str | None) -> Cause | None:
    """Return a reason in words; ``None`` = a newer version gave it, or there is no reason."""
    return None if reason is None or reason not in CAUSES else CAUSES[Reason(reason)]


def _clock(moment: datetime, facts: Facts, now: datetime) -> str:
    """Return a moment as people read it: without the date if it is today."""
    local = moment.astimezone(facts.zone)
    is_today = local.date() == now.astimezone(facts.zone).date()
    return local.strftime("%H:%M %Z" if is_today else "%Y-%m-%d %H:%M %Z")


def _missing(call: Call, policy: Policy) -> str:
    """Return the required insights that are still empty, as people write a list."""
    counts = call.insights.counts
    names = [key.replace("_", " ") for key in policy.insights_required if not counts.get(key)]
    return " and ".join(names) or "insights"


def _where(call: Call, policy: Policy) -> str:  # noqa: PLR0911 - a sentence for each state
    """Return where a call is that waits for no particular reason."""
    match call.state:
        case State.LIVE if call.heard:
            return "The call has started, and WAVV has not reported its end."
        case State.LIVE:
            return "An event of the call was rejected, and no other was received."
        case State.ENDED if call.metadata.recorded:
            return "The call has ended, and WAVV announced a recording that is not there yet."
        case State.ENDED:
            return "The call has ended, and WAVV has sent no recording so far."
        case State.RECORDED if call.attempts:
            return "The call is being submitted to AskElephant."
        case State.RECORDED:
            return "The recording is there, and the call waits for its submission to AskElephant."
        case State.SUBMITTED:
            return "AskElephant has the call and makes its transcript."
        case _:
            checks, missing = call.insights.checks, _missing(call, policy)
            fetches = f" after {checks} fetches" if checks > 1 else " after one fetch" * checks
            return f"The transcript is ready, and AskElephant's {missing} are missing{fetches}."


def _result(call: Call, why: str, policy: Policy) -> str:
    """Return how a call ended; ``why`` is its reason in words, or empty."""
    match call.state:
        case State.COMPLETE if call.insights.status == "all":
            return "The call is complete, with all insights."
        case State.COMPLETE:
            missing = _missing(call, policy)
            return f"The call is complete. AskElephant had found no {missing} by the deadline."
        case State.UNRECORDED:
            return (
                f"The call has no recording. {why}"
                if why
                else "The call ended without a recording."
            )
        case State.SKIPPED:
            return f"The call is skipped by a rule. {why}"
        case _:
            return f"The call failed. {why}"


START: Mapping[Stopped, str] = {
    Stopped.WORKERS: "Start a worker, and beat if it does not run.",
    Stopped.SWEEPS: "Start beat.",
}
"""What a person must do when steps are not run."""

WAITS_FOR: Mapping[State, WaitsFor] = {
    State.LIVE: WaitsFor.RECORDING,
    State.ENDED: WaitsFor.RECORDING,
    State.RECORDED: WaitsFor.SUBMISSION,
    State.SUBMITTED: WaitsFor.TRANSCRIPT,
    State.TRANSCRIBED: WaitsFor.INSIGHTS,
    State.COMPLETE: WaitsFor.NOTHING,
    State.UNRECORDED: WaitsFor.NOTHING,
    State.SKIPPED: WaitsFor.NOTHING,
    State.FAILED: WaitsFor.OPERATOR,
}

NEXT: Mapping[State, str] = {
    State.LIVE: "Without a recording it becomes unrecorded at {next}.",
    State.ENDED: "Without a recording it becomes unrecorded at {next}.",
    State.RECORDED: "Next try at {next}{end}.",
    State.SUBMITTED: "Without a webhook the bridge looks for it at {next}{end}.",
    State.TRANSCRIBED: "Next fetch at {next}{end}.",
}

ENDS: Mapping[State, str] = {
    State.RECORDED: "it fails at",
    State.SUBMITTED: "it fails at",
    State.TRANSCRIBED: "at the latest it is complete at",
}
"""How a call ends at its deadline when no request fails."""
