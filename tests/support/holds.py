"""Starting holds, and admitting requests under them, as workers and sweeps do."""

from datetime import datetime, timedelta

from bridge.domain.retry import CONCERNS, Trouble
from bridge.store.hold import Admitted, Cause, Hold, Row
from tests.support.store import NOW, PROBE_INTERVAL, Store

OUTAGE_CALLS = CONCERNS[Trouble.TRANSIENT].calls
SOON, LATER = NOW + timedelta(seconds=30), NOW + PROBE_INTERVAL
MOMENT = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)
REFUSED, THROTTLED = "credentials_refused", "throttled"


def admit(
    store: Store, now: datetime, step: str = "submit", call_id: str = "c-1"
) -> Admitted | Hold:
    """Return the permission for a request of this call, or the hold that prevents it."""
    (found,) = store.holds.admit(now, step, [call_id])
    return found


def admitted(store: Store, now: datetime, step: str = "submit", call_id: str = "c-1") -> Admitted:
    """Return the permission for a request of this call, which no hold may prevent."""
    found = admit(store, now, step, call_id)
    assert isinstance(found, Admitted)
    return found


def start(store: Store, reason: str, until: datetime | None = None, now: datetime = NOW) -> bool:
    """Start or extend a hold of all calls; return whether it changed anything."""
    return store.holds.start(Cause(reason), now, until)


def fail(store: Store, calls: range, row: Row = Row.OUTAGE, step: str = "submit") -> list[int]:
    """Record a failure of each call in turn; return the length of the row after each."""
    return [store.holds.record_failure(row, Admitted(f"c-{number}", step)) for number in calls]
