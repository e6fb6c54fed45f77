"""Real concurrency on a real Valkey: no lost update, no event handled twice."""

from functools import partial

from bridge.domain.call import Call, State, new_call
from bridge.domain.steps import SUBMIT
from bridge.store.inbox import Inbox
from bridge.store.keys import Keys
from bridge.store.lease import Lease
from tests.support.store import GRACE, NOW, Store, at_once

THREADS, EACH = 8, 20


def _mark(found: Call | None, mark: str) -> Call:
    """Leave a mark of one's own, and count: both show a lost update."""
    call = found or new_call("c-1", NOW)
    return call.but(attempts=call.attempts + 1, stamps=call.stamps | {mark: (0.0, 0)})


def test_no_update_of_one_call_is_lost(real_store: Store) -> None:
    """Eight threads, twenty updates each, on a call that does not even exist at the start."""

    def work(thread: int) -> None:
        calls = real_store.calls
        for number in range(EACH):
            calls.update("c-1", partial(_mark, mark=f"{thread}-{number}"))

    at_once(*(partial(work, thread) for thread in range(THREADS)))
    call = real_store.calls.load("c-1")
    assert call is not None
    assert (call.version, call.attempts) == (THREADS * EACH, THREADS * EACH)
    assert len(call.stamps) == THREADS * EACH


def test_threads_that_race_to_create_a_call_create_one(real_store: Store) -> None:
    """Again and again: each finds the other's."""
    for number in range(20):
        marks = [
            partial(real_store.calls.update, f"c-{number}", partial(_mark_of, f"c-{number}", mark))
            for mark in ("a", "b")
        ]
        at_once(*marks)
        call = real_store.calls.load(f"c-{number}")
        assert call is not None
        assert (call.version, set(call.stamps)) == (2, {"a", "b"})


def _mark_of(call_id: str, mark: str, found: Call | None) -> Call:
    return _mark(found or new_call(call_id, NOW), mark)


def test_the_indexes_agree_with_the_record_after_a_race(real_store: Store) -> None:
    """Threads move one call through all states: it ends in one place of each kind."""
    states = list(State)

    def work(first: int) -> None:
        for number in range(EACH):
            real_store.save("c-1", state=states[(first + number) % len(states)], due_at=NOW)

    at_once(*(partial(work, first) for first in range(THREADS)))
    call = real_store.calls.load("c-1")
    assert call is not None
    placed = [name for name in real_store.indexed("c-1") if name.startswith("state:")]
    assert placed == [f"state:{call.state}"]


def test_workers_that_race_share_the_inbox(real_store: Store) -> None:
    """Every event is handed to one of them."""
    ids = [real_store.post(b"%d" % number) for number in range(100)]
    taken: list[str] = []

    def work() -> None:
        inbox = real_store.inbox
        while entries := inbox.take(7):
            taken.extend(entry.id for entry in entries)
            inbox.done(entries, {})

    at_once(*[work] * 4)
    assert sorted(taken) == sorted(ids)
    assert real_store.inbox.backlog().waiting == 0


def test_workers_that_race_to_make_the_group_make_one(real_store: Store) -> None:
    """The very first events of a new bridge: none is lost, and nobody fails."""
    taken: list[str] = []

    def work(inbox: Inbox) -> None:
        taken.extend(entry.id for entry in inbox.take(1))

    for number in range(10):
        store = Store(real_store.redis, Keys(f"{real_store.keys.namespace}-{number}"))
        ids = [store.post(b"1") for _ in range(8)]
        taken.clear()
        at_once(*[partial(work, store.inbox)] * 8)
        assert sorted(taken) == sorted(ids)


def test_claims_that_race_share_what_is_overdue(real_store: Store) -> None:
    """Each call is claimed by one of them."""
    for number in range(50):
        real_store.save(f"c-{number}", state=State.RECORDED, due_at=NOW)
    claimed: list[str] = []

    def work(lease: Lease) -> None:
        while call_ids := real_store.due.claim(SUBMIT, NOW + GRACE, 7, lease):
            claimed.extend(call_ids)

    with real_store.leases.hold_sweep() as lease:
        assert lease is not None
        at_once(*[partial(work, lease)] * 4)
    assert sorted(claimed) == sorted(f"c-{number}" for number in range(50))
