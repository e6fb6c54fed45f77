"""Holds: a throttled one ends by time, others are ended by a probe."""

from datetime import datetime, timedelta

import pytest

from bridge.domain.steps import STEPS
from bridge.errors import LeaseLostError
from bridge.reasons import Reason
from bridge.store.hold import STEADY, Admitted, Cause, Hold, Row
from tests.support.holds import (
    LATER,
    MOMENT,
    REFUSED,
    SECOND,
    SOON,
    THROTTLED,
    admit,
    admitted,
    fail,
    start,
)
from tests.support.store import HOLD_MAX, NOW, PROBE_INTERVAL, Store, at_once


def test_without_a_hold_every_request_leaves(store: Store) -> None:
    """Without a hold every request is admitted, and none is a probe."""
    assert store.holds.state(NOW) is None
    assert admit(store, NOW) == Admitted("c-1", "submit")


def test_a_throttled_hold_ends_when_its_time_has_passed(store: Store) -> None:
    """A throttled hold ends at AskElephant's time, for all requests."""
    assert store.holds.start(Cause(THROTTLED, 429, "slow down"), NOW, SOON)
    hold = Hold(THROTTLED, NOW, SOON, SOON, "slow down", 429)
    assert admit(store, SOON - MOMENT) == store.holds.state(NOW) == hold
    assert store.holds.state(SOON) is None
    assert not admitted(store, SOON).probe
    assert not admitted(store, SOON).probe


def test_a_long_throttle_is_probed_after_the_longest_hold(store: Store) -> None:
    """A throttled hold longer than the longest hold is probed."""
    day = NOW + timedelta(days=1)
    start(store, THROTTLED, day)
    hold = store.holds.state(NOW)
    assert hold is not None
    assert (hold.until, hold.next_at) == (day, NOW + HOLD_MAX)
    assert isinstance(admit(store, NOW + HOLD_MAX - MOMENT), Hold)
    probe = admitted(store, NOW + HOLD_MAX)
    assert probe.probe
    assert isinstance(admit(store, NOW + HOLD_MAX), Hold)
    assert store.holds.record_success(probe, NOW + HOLD_MAX) == ["all"]
    assert store.holds.state(NOW + HOLD_MAX) is None


def test_a_long_throttle_whose_probe_is_throttled_continues(store: Store) -> None:
    """A long hold whose probe is throttled continues until the next probe."""
    start(store, THROTTLED, NOW + timedelta(days=1))
    at = NOW + HOLD_MAX
    assert admitted(store, at).probe
    until = at + timedelta(hours=2)
    assert not store.holds.start(Cause(THROTTLED), at, until, is_probe=True)
    hold = store.holds.state(at)
    assert hold is not None
    assert hold.next_at == at + HOLD_MAX


@pytest.mark.parametrize("reason", [REFUSED, "credentials_missing", "payment_required"])
def test_a_hold_for_credentials_lets_one_probe_through_per_interval(
    store: Store, reason: str
) -> None:
    """A hold for credentials admits one probe per interval."""
    start(store, reason)
    at = NOW + PROBE_INTERVAL
    assert isinstance(admit(store, at - MOMENT), Hold)
    for _ in range(3):
        assert admitted(store, at).probe
        next_at = at + PROBE_INTERVAL
        assert admit(store, at) == Hold(reason, NOW, next_at, next_at)
        assert not store.holds.start(Cause(reason), at, is_probe=True)
        at = next_at


def test_an_outage_is_probed_each_second_then_less_and_less_often(store: Store) -> None:
    """An outage is probed after a second, then at growing intervals."""
    start(store, Reason.OUTAGE)
    waits, at = [], NOW
    while at < NOW + timedelta(minutes=10):
        hold = store.holds.state(at)
        assert hold is not None
        waits.append((hold.next_at - at).total_seconds())
        at = hold.next_at
        assert admitted(store, at).probe
        store.holds.start(Cause(Reason.OUTAGE), at, is_probe=True)
    steady = int(STEADY.total_seconds())
    assert waits[: steady + 1] == [1] * (steady + 1)
    assert waits[steady + 1 : steady + 6] == pytest.approx([1, 2, 4, 8, 16], abs=1)
    assert max(waits) == PROBE_INTERVAL.total_seconds() / 2


def test_a_probe_that_is_on_its_way_keeps_the_next_one_back(store: Store) -> None:
    """While a probe is in flight no other is admitted before its timeout."""
    start(store, Reason.OUTAGE)
    assert admitted(store, NOW + SECOND).probe
    assert isinstance(admit(store, NOW + 2 * SECOND), Hold)
    assert admitted(store, NOW + SECOND + PROBE_INTERVAL).probe


@pytest.mark.parametrize("reason", [REFUSED, Reason.OUTAGE])
def test_a_hold_ends_when_its_probe_was_served(store: Store, reason: str) -> None:
    """A hold ends when its probe succeeds."""
    start(store, reason)
    probe = admitted(store, LATER)
    assert store.holds.record_success(probe, LATER) == ["all"]
    assert store.holds.state(LATER) is None
    assert admit(store, LATER) == Admitted("c-1", "submit")


@pytest.mark.parametrize("reason", [REFUSED, Reason.OUTAGE])
def test_a_refusal_of_askelephants_own_ends_these_as_well(store: Store, reason: str) -> None:
    """A 403 for one call ends an outage or a hold for credentials, too."""
    start(store, reason)
    probe = admitted(store, LATER)
    assert store.holds.record_success(probe, LATER, proves_step=False) == ["all"]


def test_a_hold_is_reported_once(store: Store) -> None:
    """The start of a hold is reported once, until the hold has ended."""
    assert start(store, THROTTLED, SOON)
    assert not start(store, THROTTLED, LATER)
    assert start(store, THROTTLED, LATER + PROBE_INTERVAL, LATER)


@pytest.mark.parametrize(
    ("first", "second", "until", "reason"),
    [
        ((THROTTLED, LATER), (THROTTLED, SOON), LATER, THROTTLED),
        ((THROTTLED, SOON), (THROTTLED, LATER), LATER, THROTTLED),
        ((THROTTLED, SOON), (REFUSED, None), LATER, REFUSED),
        ((Reason.OUTAGE, None), (THROTTLED, SOON), SOON, THROTTLED),
        ((Reason.OUTAGE, None), (REFUSED, None), LATER, REFUSED),
        ((REFUSED, None), (THROTTLED, SOON), LATER, REFUSED),
        ((REFUSED, None), (Reason.OUTAGE, None), LATER, REFUSED),
        ((THROTTLED, LATER), (Reason.OUTAGE, None), LATER, THROTTLED),
    ],
)
def test_what_weighs_more_wins_and_the_same_wait_is_never_shortened(
    store: Store,
    first: tuple[str, datetime | None],
    second: tuple[str, datetime | None],
    until: datetime,
    reason: str,
) -> None:
    """A more important reason replaces a hold, and the same reason never shortens it."""
    for why, when in (first, second):
        start(store, why, when)
    hold = store.holds.state(NOW)
    assert hold is not None
    assert (hold.reason, hold.until) == (reason, until)


def test_a_hold_knows_since_when_and_why(store: Store) -> None:
    """A hold keeps its beginning, and the newest reason and detail."""
    for at, scope in ((NOW, "write"), (SOON, "read")):
        store.holds.start(Cause(Reason.SCOPE_MISSING, 403, f"lacks {scope}"), at, step="submit")
    hold = store.holds.state(SOON, "submit")
    assert hold is not None
    assert (hold.since, hold.detail, hold.status, hold.step) == (NOW, "lacks read", 403, "submit")


def test_many_that_race_for_the_probe_get_one(real_store: Store) -> None:
    """Of sixteen concurrent requests one is the probe, in each of three intervals."""
    start(real_store, REFUSED)
    for interval in range(1, 4):
        at = NOW + interval * PROBE_INTERVAL
        found: list[Admitted | Hold] = []
        at_once(*[lambda: found.append(admit(real_store, at))] * 16)  # noqa: B023 - run here
        assert sum(isinstance(one, Admitted) and one.probe for one in found) == 1
        assert sum(isinstance(one, Hold) for one in found) == 15


def test_a_hold_of_one_step_leaves_the_others_alone(store: Store) -> None:
    """A hold of one step does not hold other steps, whose successes do not end it."""
    store.holds.start(Cause(Reason.SCOPE_MISSING, 403), NOW, step="insights")
    assert isinstance(admit(store, NOW, "insights"), Hold)
    submission = admitted(store, NOW, "submit")
    assert not submission.probe
    assert store.holds.record_success(submission, LATER) == []
    assert store.holds.state(NOW, "submit") is None
    assert store.holds.state(NOW, "insights") is not None
    assert [hold.step for hold in store.holds.all(NOW)] == ["insights"]


def test_a_hold_of_one_step_ends_at_the_first_success_of_that_step(store: Store) -> None:
    """A hold of one step ends at the first success of that step, but not at a refusal."""
    before = admitted(store, NOW, "insights")
    store.holds.start(Cause(Reason.SCOPE_MISSING, 403), NOW, step="insights")
    assert store.holds.record_success(before, LATER, proves_step=False) == []
    assert store.holds.record_success(before, LATER) == ["insights"]


def test_a_success_of_a_step_breaks_its_rows_only(store: Store) -> None:
    """A success of one step resets the failures of that step only."""
    fail(store, range(2, 4), Row.SCOPE)
    fail(store, range(4, 6), Row.SCOPE, "insights")
    store.holds.record_success(admitted(store, NOW), NOW)
    assert fail(store, range(6, 7), Row.SCOPE) == [1]
    assert fail(store, range(7, 8), Row.SCOPE, "insights") == [3]


def test_a_sweep_that_lost_its_lease_claims_no_probe(store: Store) -> None:
    """A sweep that has lost its lease claims no probe."""
    with store.leases.hold_sweep() as lease:
        assert lease is not None
        store.redis.delete(store.keys.sweep_lease)
        with pytest.raises(LeaseLostError):
            store.due.claim_probe(STEPS, NOW, lease)


@pytest.mark.parametrize(
    ("scope", "left"),
    [(None, []), ("", ["insights"]), ("insights", [""]), ("submit", ["", "insights"])],
)
def test_holds_are_released_by_hand(store: Store, scope: str | None, left: list[str]) -> None:
    """All holds or one are released by hand."""
    start(store, REFUSED)
    store.holds.start(Cause(Reason.SCOPE_MISSING), NOW, step="insights")
    released = store.holds.release(NOW, scope)
    assert [hold.step for hold in store.holds.all(NOW)] == left
    assert len(released) + len(left) == 2
