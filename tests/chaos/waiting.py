"""The bound on waiting: trouble of one call must not delay another call.

A call is due when its recording was acknowledged or when the fault ended, whichever is later. It
must complete within ``LONGEST`` seconds and the delays of its behaviours.
"""

from collections.abc import Mapping
from datetime import datetime

from bridge.domain.call import Kind as CallKind
from tests.chaos.evidence import Evidence
from tests.chaos.invariant import Breach, Breaches, Kind, Plan
from tests.chaos.stack import SETTINGS
from tests.support.bridge_client import Json
from tests.support.stack import SCALE

LONGEST = 60.0
COMPLETED = "insights.final"
"""The slug of the timeline entry with which a call becomes ``complete``."""

POLL_AFTER = float(SETTINGS["BRIDGE_TRANSCRIPT_POLL_AFTER"])
INSIGHTS_DEADLINE = float(SETTINGS["BRIDGE_INSIGHTS_DEADLINE"])
OWN_DELAYS: Mapping[str, float] = {
    "slow-media": 200 * SCALE,
    "late-insights": 600 * SCALE,
    "no-webhook": POLL_AFTER,
    "no-insights": INSIGHTS_DEADLINE,
    "partial-insights": INSIGHTS_DEADLINE,
}
"""Seconds by which a behaviour delays its own call."""


def good_calls_complete_in_time(plan: Plan, seen: Evidence, over: float, epoch: float) -> Breaches:
    """Yield each good call that was delayed for longer than ``LONGEST``.

    ``over`` is the end of the fault on the monotonic clock, which started at ``epoch``.
    """
    for call_id, seconds in waits(plan, seen, over, epoch).items():
        if seconds > LONGEST:
            why = f"it completed {seconds:.0f} s after it was due, {LONGEST:.0f} are allowed"
            yield Breach(Kind.STUCK, call_id, why)


def waits(plan: Plan, seen: Evidence, over: float, epoch: float) -> Mapping[str, float]:
    """Return the seconds from due to complete of each good call, without its own delays.

    A good call has no trouble and must become ``complete``. Another rule finds good calls that did
    not.
    """
    due = _due(seen, over)
    found = {}
    for planned in plan:
        completed = _completed(seen.calls.get(planned.call_id, {}))
        if planned.is_troubled or planned.state != "complete" or completed is None:
            continue
        if planned.call_id in due:
            own_delay = sum(OWN_DELAYS.get(name, 0) for name in planned.behaviours)
            found[planned.call_id] = completed - epoch - due[planned.call_id] - own_delay
    return found


def _due(seen: Evidence, over: float) -> Mapping[str, float]:
    """Return the earliest time of each call's submission, or the end of the fault if later."""
    due: dict[str, float] = {}
    for event in seen.acknowledged:
        if event.kind is CallKind.RECORDED:
            due[event.call_id] = min(event.at, due.get(event.call_id, event.at))
    return {call_id: max(at, over) for call_id, at in due.items()}


def _completed(call: Json) -> float | None:
    moments = [entry["at"] for entry in call.get("timeline", ()) if entry["what"] == COMPLETED]
    return datetime.fromisoformat(moments[0]).timestamp() if moments else None
