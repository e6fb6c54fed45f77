"""The chaos suite's plan: the same for the same seed, of every kind, and no call twice."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

from bridge.domain.call import Kind
from tests.chaos.faults.table import FAULTS
from tests.chaos.plan import BEHAVIOURS, CHANNELS, PlannedCall, make_plan

BEGUN = datetime(2026, 5, 13, 14, tzinfo=UTC)
MANY = 1000
MINUTE = timedelta(minutes=1)


def _plan(seed: int = 1, *behaviours: str) -> tuple[PlannedCall, ...]:
    return make_plan(Random(seed), MANY, BEGUN, behaviours)  # noqa: S311 - made-up calls


def test_the_same_seed_makes_the_same_plan() -> None:
    """A run that failed can be played again."""
    assert _plan() == _plan()
    assert _plan() != _plan(2)


def test_a_plan_has_calls_of_every_kind() -> None:
    """Every behaviour, repeated events, every order, calls without a recording."""
    plan = _plan()
    assert {one.behaviour for one in plan} == {*BEHAVIOURS}
    assert {one.state for one in plan} == {"complete", "failed", "unrecorded"}
    orders = {tuple(event.kind for event in one.events) for one in plan}
    assert {(Kind.RECORDED,), (Kind.STARTED, Kind.ENDED), (*Kind,)} <= orders
    assert (Kind.RECORDED, Kind.STARTED, Kind.ENDED) in orders
    assert any(len(order) > len(set(order)) for order in orders)
    assert len({one.call_id for one in plan}) == MANY
    assert len(CHANNELS) == 3


def test_a_faults_behaviour_befalls_the_recorded_calls() -> None:
    """Beside their own, unless that is of the same kind, or leaves no room for it."""
    plan = _plan(1, "no-webhook")
    recorded = {one.behaviour for one in plan if one.is_recorded}
    assert {name for name in recorded if "webhook" not in name} == {"failed"}
    assert not any(one.behaviour for one in plan if not one.is_recorded)
    ends = {one.behaviour: (one.state, one.engagements) for one in plan}
    assert ends["reject+no-webhook"] == ("failed", 0)
    assert ends["failed"] == ("failed", 1)
    assert ends["no-webhook"] == ("complete", 1)


def test_a_plan_may_send_every_event_many_times_more() -> None:
    """At any moment of the run, also before the one of its turn; the same bytes each time."""
    plan = make_plan(Random(1), 10, BEGUN, pace=1, copies=5)  # noqa: S311 - made-up calls
    once = make_plan(Random(1), 10, BEGUN, pace=1)  # noqa: S311 - made-up calls
    for one in plan:
        sent = Counter(event.delivery.body for event in one.events)
        assert all(count % 6 == 0 for count in sent.values())
    assert len(plan) == len(once)
    moments = [event.at for one in plan for event in one.events]
    assert min(moments) < 1
    assert max(moments) > 9


def test_calls_are_of_times_before_and_after_the_bridges() -> None:
    """As of senders whose clocks are off by minutes."""
    times = {(one.call.started_at - BEGUN) // MINUTE for one in _plan()}
    assert times == {*range(-30, 10)}


def test_every_fault_has_a_name_of_its_own_and_tells_what_it_is() -> None:
    """The table is by name; a second fault of the same name would hide the first."""
    assert all(name == fault.name and fault.line for name, fault in FAULTS.items())
    assert len({fault.line for fault in FAULTS.values()}) == len(FAULTS)
