"""What each state needs next: which task, and whether a hold pauses it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.domain.call import Call, State


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do for a call, by the task that does it."""

    name: str
    task: str
    asks_askelephant: bool


REQUEST_BUDGET = "request_budget"
"""The reason of a call that waits for the request budget, until its due time."""

EXPIRE = Step("expire", "tasks.sweep.expire_recording", asks_askelephant=False)
SUBMIT = Step("submit", "tasks.submit.submit_recording", asks_askelephant=True)
INSIGHTS = Step("insights", "tasks.insights.fetch_insights", asks_askelephant=True)
STEPS = (EXPIRE, SUBMIT, INSIGHTS)

BY_STATE = {
    State.LIVE: EXPIRE,
    State.ENDED: EXPIRE,
    State.RECORDED: SUBMIT,
    State.SUBMITTED: INSIGHTS,
    State.TRANSCRIBED: INSIGHTS,
}


def next_step(call: Call) -> Step | None:
    """Return what the call needs next, or ``None`` when it rests."""
    return BY_STATE.get(call.state)


def is_due(call: Call, step: Step, now: datetime) -> bool:
    """Return whether ``step`` is what the call needs now; half a second early is not too early.

    A call that waits for a hold is due at any time: the hold decides whether its request may leave.
    """
    if call.due_at is None or next_step(call) is not step:
        return False
    return waits_for_hold(call) or call.due_at <= now + timedelta(milliseconds=500)


def waits_for_hold(call: Call) -> bool:
    """Return whether the call runs as soon as a hold has ended, whatever its due time."""
    return call.held and call.held_since is not None and call.reason != REQUEST_BUDGET


def countdown(call: Call, now: datetime, limit: timedelta) -> float | None:
    """Return the seconds after which a task should look at the call; ``None`` = the sweep will.

    Waits beyond ``limit`` are only due times: a pending countdown costs a worker about 8 KB.
    """
    if call.due_at is None or call.held or call.due_at - now > limit:
        return None
    return max(0.0, (call.due_at - now).total_seconds())


def sweep_at(call: Call, grace: timedelta) -> datetime | None:
    """Return when the sweep may publish the step again: a task on its way gets some grace.

    A call that waits for a hold may be published at any time after it began to wait.
    """
    if waits_for_hold(call):
        return call.held_since
    if call.due_at is None or call.held:
        return call.due_at
    return call.due_at + grace
