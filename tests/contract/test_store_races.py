"""Real concurrency on a real Valkey: no update is lost, and no event is processed twice."""

from functools import partial

from bridge.domain.call import Call, State, new_call
from bridge.domain.steps import SUBMIT
from bridge.store.inbox import Inbox
from bridge.store.keys import Keys
from bridge.store.lease import Lease
from tests.support.store import GRACE, NOW, Store, at_once

THREADS, EACH = 8, 20


def _mark(found: Call | None, mark: str) -> Call:
    """Add a mark and increase a count, both of which would show a lost update."""
    call = found or new_call("c-1", NOW)
    return call.but(attempts=call.attempts + 1, stamps=call.stamps | {mark: (0.0, 0)})


def test_no_update_of_one_call_is_lost(real_store: Store) -> None:
    """Eight threads with twenty updates each lose no update of a call."""

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
    """Threads that create the same call at the same time create one."""
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
    """After concurrent changes of state a call is in one index of each kind."""
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
    """Concurrent workers get different events."""
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
    """Concurrent workers create one consumer group, and no event is lost."""
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
    """Concurrent claims get different calls."""
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
