"""What each state needs next: which task, and whether it heeds the brake."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.domain.call import Call, State


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do for a call, by the task that does it."""

    name: str
    task: str
    asks_askelephant: bool


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
    """Tell whether ``step`` is what the call needs, now; half a second early is not too early."""
    due = call.due_at is not None and call.due_at <= now + timedelta(milliseconds=500)
    return due and next_step(call) is step


def countdown(call: Call, now: datetime, limit: timedelta) -> float | None:
    """Return the seconds after which a task should look at the call; ``None`` = the sweep will.

    Waits beyond ``limit`` are only due times: a pending countdown costs a worker about 8 KB.
    """
    if call.due_at is None or call.held or call.due_at - now > limit:
        return None
    return max(0.0, (call.due_at - now).total_seconds())


def sweep_at(call: Call, grace: timedelta) -> datetime | None:
    """Return when the sweep may publish the step again: a task on its way gets some grace."""
    if call.due_at is None or call.held:
        return call.due_at
    return call.due_at + grace
