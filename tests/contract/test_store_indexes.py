"""The indexes change with the record in one atomic step, and the sweep reads them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.domain.call import Call, State
from bridge.domain.steps import EXPIRE, INSIGHTS, STEPS, SUBMIT, Step
from bridge.errors import LeaseLostError
from bridge.store.calls import CallStore
from tests.support.store import GRACE, KEPT, NOW, RETENTION, Store

SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(hours=1)
URL = "wavv://call/c-1"


@pytest.mark.parametrize(
    ("changes", "index", "at"),
    [
        ({"state": State.LIVE, "due_at": SOON}, "due:expire", SOON + GRACE),
        ({"state": State.ENDED, "due_at": SOON}, "due:expire", SOON + GRACE),
        ({"state": State.RECORDED, "due_at": SOON}, "due:submit", SOON + GRACE),
        ({"state": State.RECORDED, "due_at": SOON, "held": True}, "due:submit", SOON),
        ({"state": State.SUBMITTED, "due_at": SOON}, "due:insights", SOON + GRACE),
        ({"state": State.TRANSCRIBED, "due_at": SOON}, "due:insights", SOON + GRACE),
        ({"state": State.TRANSCRIBED, "due_at": SOON, "held": True}, "due:insights", SOON),
        ({"state": State.COMPLETE}, "retire", NOW + KEPT),
        ({"state": State.UNRECORDED}, "retire", NOW + KEPT),
        ({"state": State.SKIPPED}, "retire", NOW + KEPT),
        ({"state": State.FAILED}, "retire", NOW + KEPT),
        ({"state": State.LIVE}, None, None),
    ],
)
def test_a_call_waits_in_one_place_only(
    store: Store,
    changes: dict[str, Any],
    index: str | None,
    at: datetime | None,
) -> None:
    """A call is in one index only: due with a grace, held, or to be deleted."""
    store.save("c-1", **changes)
    place = {index: at.timestamp()} if index and at else {}
    created = NOW.timestamp()
    assert store.indexed("c-1") == {"calls": created, f"state:{changes['state']}": created} | place


def test_a_call_leaves_its_old_places_on_every_move(store: Store) -> None:
    """A call leaves its old indexes at every change of state."""
    way = (*State, State.RECORDED, State.UNRECORDED, State.RECORDED)
    for state in way:
        store.save("c-1", state=state, due_at=SOON if state in WAITING else None)
        kinds = [name.partition(":")[0] for name in store.indexed("c-1")]
        last = "due" if state in WAITING else "retire"
        assert kinds == ["calls", *sorted({"state", last}, key=ORDER.index)]


WAITING = {State.LIVE, State.ENDED, State.RECORDED, State.SUBMITTED, State.TRANSCRIBED}
ORDER = ("retire", "state", "due")


def test_a_call_that_needs_nothing_now_is_not_due(store: Store) -> None:
    """A call that needs nothing now is in no due index."""
    store.save("c-1", state=State.RECORDED, due_at=SOON)
    store.save("c-1", due_at=None)
    assert set(store.indexed("c-1")) == {"calls", "state:recorded"}


def test_a_call_is_found_by_engagement_and_link_once_it_is_saved(store: Store) -> None:
    """A saved call is found by engagement and by link."""
    store.save("c-1", external_url=URL)
    found = store.lookup.by_engagement("ngmt_1", URL)
    assert found is not None
    store.save("c-1", engagement_id="ngmt_1")
    found = store.lookup.by_engagement("ngmt_1", None)
    assert found is not None
    assert found.call_id == "c-1"


def test_an_overdue_call_is_claimed_once_until_its_grace_is_over(store: Store) -> None:
    """An overdue call is claimed once per grace."""
    store.save("c-1", state=State.RECORDED, due_at=NOW)
    overdue = NOW + GRACE
    assert store.claim(SUBMIT, overdue - timedelta(seconds=1), 10) == []
    assert store.claim(SUBMIT, overdue, 10) == ["c-1"]
    assert store.claim(SUBMIT, overdue, 10) == []
    assert store.claim(SUBMIT, overdue + GRACE, 10) == ["c-1"]


def test_a_held_call_is_claimed_from_when_it_began_to_wait(store: Store) -> None:
    """A held call is claimed from its due time on, without a grace."""
    store.save("c-1", state=State.RECORDED, due_at=SOON, held=True)
    assert store.claim(SUBMIT, SOON - timedelta(milliseconds=1), 10) == []
    assert store.claim(SUBMIT, SOON, 10) == ["c-1"]


def test_a_held_call_that_was_claimed_is_claimed_again_once_it_is_saved(store: Store) -> None:
    """A claimed call that is held again can be claimed without a grace."""
    for _ in range(2):
        store.save("c-1", state=State.RECORDED, due_at=SOON, held=True)
        assert store.claim(SUBMIT, SOON, 10) == ["c-1"]
        assert store.claim(SUBMIT, SOON, 10) == []


def test_a_claim_is_bounded_and_returns_the_most_overdue_first(store: Store) -> None:
    """A claim has a limit, and returns the most overdue calls."""
    for minute in (3, 1, 2):
        due_at = NOW + timedelta(minutes=minute)
        store.save(f"c-{minute}", state=State.RECORDED, due_at=due_at)
    assert store.claim(SUBMIT, LATER, 2) == ["c-1", "c-2"]
    assert store.claim(SUBMIT, LATER, 2) == ["c-3"]


def test_a_sweep_that_lost_its_lease_claims_nothing(store: Store) -> None:
    """A sweep that has lost its lease claims nothing."""
    store.save("c-1", state=State.RECORDED, due_at=NOW)
    with store.leases.hold_sweep() as lease:
        assert lease is not None
        store.redis.delete(store.keys.sweep_lease)
        with pytest.raises(LeaseLostError):
            store.due.claim(SUBMIT, LATER, 10, lease)
        with store.leases.hold_sweep(), pytest.raises(LeaseLostError):
            store.due.claim(SUBMIT, LATER, 10, lease)
    assert store.claim(SUBMIT, LATER, 10) == ["c-1"]


@pytest.mark.parametrize("step", STEPS)
def test_a_claim_returns_calls_of_its_step_only(store: Store, step: Step) -> None:
    """A claim returns calls of its step only."""
    states = {EXPIRE: State.ENDED, SUBMIT: State.RECORDED, INSIGHTS: State.SUBMITTED}
    for each, state in states.items():
        store.save(each.name, state=state, due_at=NOW)
    assert store.claim(step, LATER, 10) == [step.name]


def test_a_retired_call_leaves_nothing_behind(store: Store) -> None:
    """A deleted call leaves no key and no index entry."""
    before = store.save("c-1", state=State.RECORDED, due_at=SOON, external_url=URL)
    after = before.but(state=State.COMPLETE, due_at=None, engagement_id="ngmt_1")
    store.calls.update("c-1", lambda _: after, insights={"tags": []})
    assert store.key_names() > {"call:c-1", "insights:c-1", "engagement:ngmt_1"}
    assert store.calls.retire(NOW + KEPT - timedelta(seconds=1), 10) == 0
    assert store.calls.retire(NOW + KEPT, 10) == 1
    assert store.key_names() == {"counters"}


def test_the_lookup_of_an_engagement_that_was_replaced_ends_by_itself(store: Store) -> None:
    """The lookup of an engagement that was replaced expires."""
    store.save("c-1", state=State.COMPLETE, engagement_id="ngmt_1")
    store.save("c-1", engagement_id="ngmt_2")
    for engagement in ("ngmt_1", "ngmt_2"):
        found = store.lookup.by_engagement(engagement, None)
        assert found is not None
        assert found.call_id == "c-1"
    keys = [store.keys.engagement(one) for one in ("ngmt_1", "ngmt_2")]
    former, present = [store.redis.ttl(key) for key in keys]
    assert 0 < former <= KEPT.total_seconds()
    assert present == -1
    store.save("c-1", engagement_id="ngmt_1")
    assert store.redis.ttl(store.keys.engagement("ngmt_1")) == -1


def test_retiring_is_bounded_and_leaves_other_calls_alone(store: Store) -> None:
    """Deleting has a limit, and keeps other calls, also those with the same link."""
    for number in range(3):
        store.save(f"done-{number}", state=State.COMPLETE, external_url=URL)
    store.save("waiting", state=State.RECORDED, external_url=URL)
    assert [store.calls.retire(NOW + KEPT, 2) for _ in range(3)] == [2, 1, 0]
    found = store.lookup.by_engagement("ngmt_1", URL)
    assert found is not None
    assert found.call_id == "waiting"


def test_a_call_that_moves_on_while_it_is_retired_stays(store: Store) -> None:
    """A call that is saved while it is being deleted stays."""

    class Rival(CallStore):
        def load_readable(self, call_ids: Iterable[str]) -> list[Call]:
            loaded = super().load_readable(call_ids)
            store.save("c-1", state=State.RECORDED, due_at=LATER)
            return loaded

    store.save("c-1", state=State.UNRECORDED)
    assert Rival(store.redis, store.keys, RETENTION).retire(NOW + KEPT, 10) == 0
    assert set(store.indexed("c-1")) == {"calls", "state:recorded", "due:submit"}
    assert store.calls.load("c-1") is not None


def test_an_ended_call_is_kept_from_its_last_change(store: Store) -> None:
    """An ended call is kept for its full time after its last change."""
    store.save("c-1", state=State.COMPLETE)
    store.save("c-1", updated_at=NOW + timedelta(days=10))
    assert store.indexed("c-1")["retire"] == (NOW + timedelta(days=10) + KEPT).timestamp()
