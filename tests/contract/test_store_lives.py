"""Random lives of calls in the store keep the indexes and the record consistent."""

import uuid
from datetime import timedelta
from functools import partial

from fakeredis import FakeRedis
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bridge.domain import events as e
from bridge.domain.call import RESTING, Call, State
from bridge.domain.links import normalised_link
from bridge.domain.steps import STEPS, next_step, sweep_at
from bridge.store.keys import Keys
from bridge.store.lease import Lease
from bridge.store.replies import text
from tests.support.domain import ANY_EVENT, AT, WAYS, after, call_in
from tests.support.store import GRACE, KEPT, Store

CALL_ID = call_in(State.LIVE).call_id
BEGINNINGS = st.sampled_from([[*way] for way in WAYS.values()])
LIVES = st.tuples(BEGINNINGS, st.lists(ANY_EVENT | st.just(None), max_size=12)).map(
    lambda parts: [*parts[0], *parts[1]]
)
"""What happens to a call; with ``None`` a sweep claims it if it is due."""

REDIS = FakeRedis()


@settings(deadline=None, max_examples=100, phases=[Phase.generate])
@given(LIVES)
def test_after_every_save_the_indexes_are_those_of_the_record(life: list[e.Event | None]) -> None:
    """After every save the indexes are those of the record, also after claims."""
    store, claimed = Store(REDIS, Keys(f"lives-{uuid.uuid4().hex}")), False
    store.redis.set(store.keys.sweep_lease, "token")
    for event in life:
        if event is None:
            claimed = _sweep(store) or claimed
        else:
            store.calls.update(CALL_ID, partial(after, [event]))
        call = store.calls.load(CALL_ID)
        if call is not None:
            _check(store, call, claimed=claimed)


def _sweep(store: Store) -> bool:
    lease = Lease("token")
    late = AT + timedelta(days=1)
    claimed = [store.due.claim(step, late, 10, lease) for step in STEPS]
    return any(claimed)


def _check(store: Store, call: Call, *, claimed: bool) -> None:
    first_heard, step = call.created_at.timestamp(), next_step(call)
    expected = {"calls": first_heard, f"state:{call.state}": first_heard}
    if call.state in RESTING:
        expected["retire"] = (call.updated_at + KEPT).timestamp()
    due_at = sweep_at(call, GRACE)
    due = {f"due:{step.name}": due_at.timestamp()} if step and due_at else {}
    found = store.indexed(CALL_ID)
    if claimed:
        assert found.keys() == {*expected, *due}
        found |= due
    assert found == expected | due
    if call.engagement_id:
        assert text(store.redis.get(store.keys.engagement(call.engagement_id))) == CALL_ID
    if call.external_url:
        awaits = call.engagement_id is None and call.state not in RESTING - {State.FAILED}
        key = store.keys.awaiting(normalised_link(call.external_url))
        assert bool(store.redis.sismember(key, CALL_ID)) is awaits
