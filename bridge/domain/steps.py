"""The next step of a call in each state: its task, when it is due, and whether a hold delays it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.domain.call import Call, State
from bridge.reasons import Reason


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a call and the task that does it.

    ``sends_requests`` = the step sends requests to AskElephant, so that a hold delays it.
    """

    name: str
    task: str
    sends_requests: bool


EXPIRE = Step("expire", "tasks.sweep.expire_recording", sends_requests=False)
SUBMIT = Step("submit", "tasks.submit.submit_recording", sends_requests=True)
INSIGHTS = Step("insights", "tasks.insights.fetch_insights", sends_requests=True)
STEPS = (EXPIRE, SUBMIT, INSIGHTS)

BY_STATE = {
    State.LIVE: EXPIRE,
    State.ENDED: EXPIRE,
    State.RECORDED: SUBMIT,
    State.SUBMITTED: INSIGHTS,
    State.TRANSCRIBED: INSIGHTS,
}


def next_step(call: Call) -> Step | None:
    """Return the call's next step, or ``None`` when it rests."""
    return BY_STATE.get(call.state)


def is_due(call: Call, step: Step, now: datetime) -> bool:
    """Return whether ``step`` is the call's next step and due at most 0.5 seconds after ``now``.

    A call that waits for a hold is due at any time, because the hold decides whether its request
    may be sent.
    """
    if call.due_at is None or next_step(call) is not step:
        return False
    return waits_for_hold(call) or call.due_at <= now + timedelta(milliseconds=500)


def waits_for_hold(call: Call) -> bool:
    """Return whether the call waits for the end of a hold instead of its due time."""
    return call.held and call.held_since is not None and call.reason != Reason.REQUEST_BUDGET


def countdown(call: Call, now: datetime, limit: timedelta) -> float | None:
    """Return the delay of the call's next task in seconds; ``None`` = the sweep publishes the task.

    The sweep publishes tasks with a wait over ``limit``, because each pending countdown costs a
    worker about 8 KB of memory.
    """
    if call.due_at is None or call.held or call.due_at - now > limit:
        return None
    return max(0.0, (call.due_at - now).total_seconds())


def sweep_at(call: Call, grace: timedelta) -> datetime | None:
    """Return when the sweep may publish the step: ``grace`` after the due time.

    The grace is for a task that was published before and has not run yet. The sweep may publish a
    call that waits for a hold at any time after its wait began.
    """
    if waits_for_hold(call):
        return call.held_since
    if call.due_at is None or call.held:
        return call.due_at
    return call.due_at + grace
