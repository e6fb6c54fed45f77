"""The next step of a call in each state: its Celery task, and when the step is due.

A step that sends requests to AskElephant is delayed by a hold, which is a pause of such requests.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.domain.call import Call, State
from bridge.reasons import Reason


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a call, and the name of the Celery task that does the step.

    A step with ``sends_requests`` sends requests to AskElephant, so that a hold delays it.
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
    """Return the next step of the call, or ``None`` if the call is in a final state."""
    return BY_STATE.get(call.state)


def is_due(call: Call, step: Step, now: datetime) -> bool:
    """Return whether ``step`` is the next step of the call, and due within 0.5 seconds of ``now``.

    A call that waits for the end of a hold is always due, because the hold decides whether the
    request may be sent.
    """
    if call.due_at is None or next_step(call) is not step:
        return False
    return waits_for_hold(call) or call.due_at <= now + timedelta(milliseconds=500)


def waits_for_hold(call: Call) -> bool:
    """Return whether the call waits for the end of a hold, and not for its due time."""
    return call.held and call.held_since is not None and call.reason != Reason.REQUEST_BUDGET


def countdown(call: Call, now: datetime, limit: timedelta) -> float | None:
    """Return the delay of the call's next Celery task in seconds.

    Returns ``None`` if the delay is over ``limit``, or if the call waits for a hold. The sweep then
    publishes the task when it is due. A longer countdown is not used, because each pending
    countdown costs a worker about 8 KB of memory.
    """
    if call.due_at is None or call.held or call.due_at - now > limit:
        return None
    return max(0.0, (call.due_at - now).total_seconds())


def sweep_at(call: Call, grace: timedelta) -> datetime | None:
    """Return when the sweep may publish the task of the call's next step.

    That is ``grace`` after the due time, so that a task that was published before can run first. If
    the call waits for a hold, it is the time when the wait began.
    """
    if waits_for_hold(call):
        return call.held_since
    if call.due_at is None or call.held:
        return call.due_at
    return call.due_at + grace
