"""The bound on waiting: the trouble of one call may not keep another one back.

A call is due when its recording was acknowledged and the fault was over, whichever came later. From
then on it has the time that its own behaviours take, and ``LONGEST`` seconds for all else.
"""

from collections.abc import Mapping
from datetime import datetime

from bridge.domain.call import Kind as CallKind
from tests.chaos.evidence import Evidence
from tests.chaos.invariant import Breach, Breaches, Kind, Plan
from tests.chaos.plan import PlannedCall
from tests.chaos.stage import SETTINGS
from tests.support.bridge_client import Json
from tests.support.stack import SCALE

LONGEST = 60.0
COMPLETED = "insights.final"
"""The timeline's entry of a call that becomes ``complete``."""

POLL_AFTER = float(SETTINGS["BRIDGE_TRANSCRIPT_POLL_AFTER"])
INSIGHTS_DEADLINE = float(SETTINGS["BRIDGE_INSIGHTS_DEADLINE"])
OWN_DELAYS: Mapping[str, float] = {
    "slow-media": 200 * SCALE,
    "late-insights": 600 * SCALE,
    "no-webhook": POLL_AFTER,
    "no-insights": INSIGHTS_DEADLINE,
    "partial-insights": INSIGHTS_DEADLINE,
}
"""Seconds by which a behaviour puts off a call that nothing else keeps back."""


def good_calls_complete_in_time(plan: Plan, seen: Evidence, over: float, epoch: float) -> Breaches:
    """Yield the good calls that were kept back for longer than the bound.

    ``over`` is when the fault was over, by the monotonic clock that began at ``epoch``.
    """
    for call_id, seconds in waits(plan, seen, over, epoch).items():
        if seconds > LONGEST:
            why = f"it completed {seconds:.0f} s after it was due, {LONGEST:.0f} are allowed"
            yield Breach(Kind.STUCK, call_id, why)


def waits(plan: Plan, seen: Evidence, over: float, epoch: float) -> Mapping[str, float]:
    """Return the seconds from due to complete of each good call, without its own delays.

    Good is a call without trouble of its own that must become ``complete``. One that did not is
    found by another rule.
    """
    due = _due(seen, over)
    found = {}
    for one in plan:
        completed = _completed(seen.calls.get(one.call_id, {}))
        if one.is_troubled or one.state != "complete" or completed is None:
            continue
        if one.call_id in due:
            found[one.call_id] = completed - epoch - due[one.call_id] - _own_delay(one)
    return found


def _due(seen: Evidence, over: float) -> Mapping[str, float]:
    """Return of each call when it could be submitted at the earliest, and the fault was over."""
    due: dict[str, float] = {}
    for event in seen.acknowledged:
        if event.kind is CallKind.RECORDED:
            due[event.call_id] = min(event.at, due.get(event.call_id, event.at))
    return {call_id: max(at, over) for call_id, at in due.items()}


def _own_delay(one: PlannedCall) -> float:
    return sum(OWN_DELAYS.get(name, 0) for name in one.befalls)


def _completed(call: Json) -> float | None:
    moments = [entry["at"] for entry in call.get("timeline", ()) if entry["what"] == COMPLETED]
    return datetime.fromisoformat(moments[0]).timestamp() if moments else None
