"""Failures in a row: when they start a hold, and which responses end it."""

from datetime import timedelta

import pytest

from bridge.domain.call import State
from bridge.domain.steps import STEPS
from bridge.reasons import Reason
from bridge.store.hold import Admitted, Hold
from tests.support.holds import (
    LATER,
    OUTAGE_CALLS,
    REFUSED,
    SECOND,
    SOON,
    THROTTLED,
    admit,
    admitted,
    fail,
    start,
)
from tests.support.store import NOW, PROBE_INTERVAL, Store


def test_each_call_counts_once_in_a_row(store: Store) -> None:
    """Each call counts once in a row of failures."""
    assert fail(store, range(OUTAGE_CALLS)) == list(range(1, OUTAGE_CALLS + 1))
    assert fail(store, range(OUTAGE_CALLS)) == [0] * OUTAGE_CALLS


def test_a_request_that_is_served_breaks_the_row(store: Store) -> None:
    """A success resets the row; without failures it needs no request to Redis."""
    fail(store, range(2, 6))
    request = admitted(store, NOW)
    assert request.strained
    assert store.holds.record_success(request, NOW) == []
    assert fail(store, range(6, 8)) == [1, 2]


def test_a_call_that_is_served_or_given_up_is_no_failing_call_any_more(store: Store) -> None:
    """A call that succeeds or is given up counts again at its next failure."""
    fail(store, range(2))
    store.holds.record_success(admitted(store, NOW, call_id="c-0"), NOW)
    store.holds.forget("c-1")
    assert fail(store, range(2)) == [1, 2]


def test_a_row_of_failures_is_forgotten_with_time(store: Store) -> None:
    """A row of failures expires."""
    fail(store, range(1))
    assert 0 < store.redis.ttl(store.keys.of("row", "outage", "")) <= 600
    assert store.redis.ttl(store.keys.recent_failures) > 86_400


def test_a_late_response_ends_an_outage(store: Store) -> None:
    """A response to a request that left before the outage ends the outage."""
    fail(store, range(2, 3))
    request = admitted(store, NOW)
    start(store, Reason.OUTAGE)
    assert store.holds.record_success(request, NOW) == ["all"]
    assert store.holds.state(NOW) is None


def test_a_response_that_was_long_on_its_way_ends_what_it_never_met(store: Store) -> None:
    """A success of a request that left before the failures resets the row."""
    request = admitted(store, NOW)
    assert request == Admitted("c-1", "submit")
    start(store, Reason.OUTAGE)
    assert store.holds.record_success(request, SOON) == ["all"]


@pytest.mark.parametrize("reason", [THROTTLED, REFUSED])
def test_a_late_response_ends_nothing_else(store: Store, reason: str) -> None:
    """A late success does not end holds for credentials, or throttled ones."""
    fail(store, range(2, 3))
    request = admitted(store, NOW)
    start(store, reason, LATER)
    assert store.holds.record_success(request, NOW) == []
    assert store.holds.state(NOW) is not None


def test_a_probe_that_is_served_does_not_cut_a_later_throttle_short(store: Store) -> None:
    """A successful probe does not end a throttled hold that started during the probe."""
    start(store, Reason.OUTAGE)
    probe = admitted(store, NOW + SECOND)
    assert probe.probe
    start(store, THROTTLED, LATER, NOW + SECOND)
    assert store.holds.record_success(probe, NOW + SECOND) == []
    hold = store.holds.state(NOW + SECOND)
    assert hold is not None
    assert (hold.reason, hold.until) == (THROTTLED, LATER)


def test_throttles_in_a_row_are_counted_until_one_is_served(store: Store) -> None:
    """Throttles in a row are counted once per burst, until a success."""
    at = NOW
    for count in range(1, 4):
        until = at + PROBE_INTERVAL
        assert [start(store, THROTTLED, until, at) for _ in range(5)] == [True] + [False] * 4
        request = admitted(store, until)
        assert (request.throttles, request.strained) == (count, True)
        at = until
    assert store.holds.record_success(request, at) == ["all"]
    assert admit(store, at) == Admitted("c-1", "submit")


def test_a_failing_call_is_no_probe_while_a_better_one_waits(store: Store) -> None:
    """A call that failed before is no probe while a call without failures waits."""
    fail(store, range(1, 2))
    start(store, Reason.OUTAGE)
    store.save("c-2", state=State.SUBMITTED, due_at=NOW - timedelta(minutes=1))
    assert isinstance(admit(store, LATER), Hold)
    assert admitted(store, LATER, "insights", "c-2").probe
    store.save("c-2", state=State.COMPLETE)
    assert admitted(store, LATER + PROBE_INTERVAL).probe


def test_the_probe_is_the_call_that_failed_least_and_the_newest_of_these(store: Store) -> None:
    """The probe is the call with the fewest failures, and of these the newest."""
    fail(store, range(3, 6))
    fail(store, range(4, 5))
    for number in range(1, 6):
        due_at = NOW + timedelta(seconds=number)
        store.save(f"c-{number}", state=State.RECORDED, due_at=due_at, held=True)
    with store.leases.hold_sweep() as lease:
        assert lease is not None
        steps = [step for step in STEPS if step.sends_requests]
        at = NOW + timedelta(minutes=1)
        found = [store.due.claim_probe(steps, at, lease) for _ in range(6)]
    assert [one[1] for one in found if one] == ["c-2", "c-1", "c-5", "c-3", "c-4"]
    assert found[5] is None
