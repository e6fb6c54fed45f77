"""Deadlines of a call. Time in which the call waited for a hold or for a worker does not count.

A call waits while its step is due but does not run, because a hold pauses the requests to
AskElephant or because no worker runs. The functions compute the deadlines of retries, the
recording, the transcript and the insights.
"""

from datetime import datetime, timedelta

from bridge.domain.call import Call

NONE = timedelta(0)
SLACK = timedelta(seconds=1)
"""A deadline that is less than this away counts as passed.

The time between a decision and its save counts as a wait, and moves the deadline. The last step is
due at the deadline, and therefore always runs shortly before the moved deadline.
"""


USUAL_LATENESS = timedelta(minutes=5)
"""A step that runs within this time after its due time did not wait.

The queue and the sweep cause such delays. If these delays counted as waits, a deadline of a day
would move by hours.
"""


def has_passed(deadline: datetime, now: datetime) -> bool:
    """Return whether ``deadline`` has passed, or is at most ``SLACK`` after ``now``."""
    return now + SLACK >= deadline


def waited(call: Call, since: datetime, now: datetime) -> timedelta:
    """Return how long the present wait of the call has lasted between ``since`` and ``now``.

    Earlier waits are already part of the record: they are in ``waited``, and they have moved
    ``failing_since``, ``missing_since`` and the deadline of the insights.
    """
    is_held = call.held and call.held_since is not None
    begun = call.held_since if is_held else call.due_at
    if begun is None or not (is_held or now - begun > USUAL_LATENESS):
        return NONE
    return max(NONE, now - max(begun, since))


def age(call: Call, since: datetime | None, now: datetime) -> timedelta:
    """Return the time from ``since`` to ``now``, without the present wait of the call."""
    return now - since - waited(call, since, now) if since is not None else NONE


def waited_in_state(call: Call, now: datetime) -> timedelta:
    """Return how long the call has waited since it entered its state."""
    return call.waited + waited(call, call.state_since, now)


def state_deadline(call: Call, longest: timedelta, now: datetime) -> datetime:
    """Return when the call will have been in its state for ``longest``, without its waits."""
    return call.state_since + longest + waited_in_state(call, now)


def insights_deadline(call: Call, now: datetime) -> datetime:
    """Return when the last fetch of insights is due, moved by the present wait of the call."""
    return (call.insights.deadline or now) + waited(call, call.state_since, now)


def with_clocks(before: Call, after: Call, now: datetime) -> Call:
    """Return ``after`` with its times and deadline moved by the wait that has ended.

    ``before`` and ``after`` are the call before and after an event. A wait ends when the call gets
    another due time or when its step fails. A wait continues if a held call is held again.
    """
    if after.state is not before.state:
        return after.but(waited=NONE, held_since=now if after.held else None)
    if after.failures == before.failures:
        is_held_again = before.held and after.held
        if is_held_again or after.due_at == before.due_at:
            return after
    deadline = after.insights.deadline
    moved = deadline + waited(before, before.state_since, now) if deadline else None
    return after.but(
        held_since=now if after.held else None,
        waited=after.waited + waited(before, before.state_since, now),
        failing_since=_moved(before, after.failing_since, now),
        missing_since=_moved(before, after.missing_since, now),
        insights=after.insights.model_copy(update={"deadline": moved}),
    )


def _moved(before: Call, since: datetime | None, now: datetime) -> datetime | None:
    return since + waited(before, since, now) if since is not None else None
