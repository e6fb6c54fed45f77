"""The inbox: nothing is handed out twice at once, and nothing is dropped before it is handled."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.exceptions import ResponseError

from bridge.store.connection import connect
from bridge.store.inbox import Backlog, Entry
from bridge.store.keys import Keys
from config import Settings
from tests.support.store import Store

MOST = 1000
LONG_AFTER = timedelta(days=365)


@pytest.fixture
def store(real_store: Store) -> Store:
    """Give a store on a real Valkey: fakeredis has no ``INFO``, which names the server."""
    return real_store


def _long_after() -> datetime:
    """Entries are stamped by the server's own clock, so the future is counted from the real now."""
    return datetime.now(UTC) + LONG_AFTER


def test_an_event_comes_out_as_it_went_in(store: Store) -> None:
    """Byte for byte, with its source and its request's id."""
    entry_id = store.post(b'\xff{"a": 1}\n', "askelephant")
    (entry,) = store.inbox.take(10)
    assert (entry.id, entry.source, entry.raw) == (entry_id, "askelephant", b'\xff{"a": 1}\n')
    assert (entry.request_id, entry.deliveries) == ("req-1", 1)


def test_an_event_that_comes_twice_is_stored_once(store: Store) -> None:
    """By its source and key; both are counted."""
    assert store.post(b"1", key="k")
    assert store.post(b"1", key="k") == ""
    assert store.post(b"1", "askelephant", key="k")
    assert len(store.inbox.take(10)) == 2
    counted = store.counters.all()
    assert (counted["events.received.wavv"], counted["events.duplicate.wavv"]) == (1, 1)


def test_events_are_taken_in_order_and_in_batches(store: Store) -> None:
    """Each is handed out once."""
    for number in range(5):
        store.post(b"%d" % number)
    batches = [[entry.raw for entry in store.inbox.take(2)] for _ in range(4)]
    assert batches == [[b"0", b"1"], [b"2", b"3"], [b"4"], []]


def test_an_inbox_that_was_never_written_to_is_empty(store: Store) -> None:
    """The group makes itself, and hands out what came before it."""
    assert store.inbox.take(10) == []
    assert store.inbox.backlog() == Backlog(0, None)
    store.post(b"1")
    assert len(store.inbox.take(10)) == 1


def test_what_is_handled_does_not_come_back(store: Store) -> None:
    """Not even long after."""
    store.post(b"1")
    entries = store.inbox.take(10)
    store.inbox.done(entries, {})
    assert store.inbox.take(10) == []
    assert store.inbox.backlog() == Backlog(0, None)


def test_another_server_marks_no_event_as_handled(store: Store) -> None:
    """It may lack what was saved of the event, which stays taken until it is abandoned."""
    entry_id = store.post(b"1")
    taken = [replace(entry, server="0" * 40) for entry in store.inbox.take(10)]
    assert not store.inbox.done(taken, {entry_id: "ignored.not_ours"})
    assert store.inbox.outcome(entry_id) is None
    assert store.inbox.backlog().waiting == 1
    store.age(entry_id)
    assert store.inbox.done(store.inbox.take(10), {})


def test_an_abandoned_event_is_handed_out_again_before_new_ones(store: Store) -> None:
    """A worker was killed with it; every handing out is counted."""
    first, _ = store.post(b"first"), store.post(b"second")
    assert [entry.raw for entry in store.inbox.take(1)] == [b"first"]
    handed_out = []
    for _ in range(2):
        store.age(first)
        handed_out.append([(entry.raw, entry.deliveries) for entry in store.inbox.take(1)])
    assert handed_out == [[(b"first", 2), (b"second", 1)], [(b"first", 3)]]


def test_an_event_that_is_being_handled_is_nobody_elses(store: Store) -> None:
    """Within half a minute it belongs to who took it."""
    entry = store.post(b"1")
    store.inbox.take(10)
    store.age(entry, minutes=0.45)
    assert store.inbox.take(10) == []


def test_an_event_is_abandoned_within_a_minute(store: Store) -> None:
    """With the sweep's interval, which makes another worker look for it."""
    entry = store.post(b"1")
    store.inbox.take(10)
    interval: timedelta = Settings.model_fields["sweep_interval"].default
    store.age(entry, minutes=1 - interval / timedelta(minutes=1))
    assert [one.id for one in store.inbox.take(10)] == [entry]


def test_only_one_claims_an_abandoned_event(store: Store) -> None:
    """Claiming it makes it fresh again."""
    entry = store.post(b"1")
    store.inbox.take(10)
    store.age(entry)
    assert [len(store.inbox.take(10)) for _ in range(2)] == [1, 0]


def test_an_event_set_aside_is_kept_whole_with_its_error(store: Store) -> None:
    """Out of the way of the others, and counted."""
    entry_id = store.post(b"broken")
    (entry,) = store.inbox.take(10)
    store.inbox.move_to_dead_letters(entry, "ValueError: no")
    rows: Any = store.redis.xrange(store.keys.dead_letters)
    assert [fields for _, fields in rows] == [
        {b"entry": entry_id.encode(), b"source": b"wavv", b"raw": b"broken",
         b"error": b"ValueError: no"}
    ]  # fmt: skip
    assert store.inbox.backlog() == Backlog(0, None)
    assert store.counters.all()["events.set_aside"] == 1


def test_the_outcome_of_an_event_that_changed_no_call_can_be_asked_for(store: Store) -> None:
    """Nothing is dropped in silence: each has its slug, on the counter too."""
    ids = [store.post(b"%d" % number) for number in range(3)]
    entries = store.inbox.take(10)
    store.inbox.done(entries, {ids[0]: "ignored.unknown_event", ids[1]: "ignored.not_ours"})
    outcomes = [store.inbox.outcome(entry_id) for entry_id in ids]
    assert outcomes == ["ignored.unknown_event", "ignored.not_ours", None]
    assert store.counters.all()["events.ignored.not_ours"] == 1


@pytest.mark.parametrize(
    ("taken", "handled", "waiting", "oldest"),
    [(0, 0, 4, 0), (2, 0, 4, 0), (2, 1, 3, 1), (2, 2, 2, 2), (4, 3, 1, 3), (4, 4, 0, None)],
)
def test_the_backlog_counts_what_is_not_handled_yet(
    store: Store, taken: int, handled: int, waiting: int, oldest: int | None
) -> None:
    """Taken or not; its age is that of the oldest of them."""
    ids = [store.post(b"%d" % number) for number in range(4)]
    entries = store.inbox.take(taken) if taken else []
    if handled:
        store.inbox.done(entries[:handled], {})
    backlog = store.inbox.backlog()
    assert backlog.waiting == waiting
    stamp = int(ids[oldest].partition("-")[0]) if oldest is not None else None
    expected = datetime.fromtimestamp(stamp / 1000, UTC) if stamp is not None else None
    assert backlog.oldest == expected


@pytest.mark.parametrize(("taken", "handled", "left"), [(0, 0, 4), (3, 1, 3), (3, 3, 1), (4, 4, 0)])
def test_trimming_never_drops_what_is_not_handled(
    store: Store, taken: int, handled: int, left: int
) -> None:
    """However old: untaken and taken events stay, and all that came after them."""
    ids = [store.post(b"%d" % number) for number in range(4)]
    entries = store.inbox.take(taken) if taken else []
    if handled:
        store.inbox.done(entries[:handled], {ids[0]: "ignored.not_ours"})
    assert store.inbox.trim(_long_after(), MOST) == 4 - left
    assert store.redis.xlen(store.keys.inbox) == left
    store.age(*(entry.id for entry in entries[handled:]))
    waiting = [entry.id for entry in (*store.inbox.take(10), *store.inbox.take(10))]
    assert sorted(waiting) == ids[4 - left :]
    assert store.inbox.trim(_long_after(), MOST) == 0


def test_trimming_is_bounded_and_comes_to_its_end(store: Store) -> None:
    """A batch each time, of events and of their outcomes: Redis serves nobody meanwhile."""
    ids = [store.post(b"%d" % number) for number in range(250)]
    store.inbox.done(store.inbox.take(250), dict.fromkeys(ids, "ignored.not_ours"))
    left = []
    while store.inbox.trim(_long_after(), 100):
        outcomes = store.redis.zcard(store.keys.outcomes)
        left.append((store.redis.xlen(store.keys.inbox), outcomes))
    assert left == [(150, 150), (50, 50), (0, 0)]


def test_trimming_keeps_handled_events_for_their_time(store: Store) -> None:
    """With their outcomes; afterwards both go."""
    entry_id = store.post(b"1")
    store.inbox.done(store.inbox.take(10), {entry_id: "ignored.not_ours"})
    assert store.inbox.trim(datetime.now(UTC) - timedelta(days=7), MOST) == 0
    assert store.inbox.outcome(entry_id) == "ignored.not_ours"
    assert store.inbox.trim(_long_after(), MOST) == 1
    assert store.inbox.outcome(entry_id) is None


def test_what_was_refused_or_set_aside_is_forgotten_in_time(store: Store) -> None:
    """It is personal data as well, and nobody handles it any more."""
    store.post(b"broken")
    store.inbox.move_to_dead_letters(store.inbox.take(1)[0], "ValueError: no")
    store.redis.xadd(store.keys.refused, {"raw": b"bad"})
    streams = (store.keys.dead_letters, store.keys.refused)
    store.inbox.trim_logs(datetime.now(UTC) - timedelta(days=7))
    assert [store.redis.xlen(stream) for stream in streams] == [1, 1]
    store.inbox.trim_logs(_long_after())
    assert [store.redis.xlen(stream) for stream in streams] == [0, 0]


def test_an_inbox_that_is_no_stream_is_an_error(real_store: Store) -> None:
    """Only a missing group is mended; anything else must be seen."""
    real_store.redis.set(real_store.keys.inbox, "not a stream")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        real_store.inbox.take(10)


def test_a_poke_is_taken_back_when_nothing_is_left(store: Store) -> None:
    """Not before: as long as somebody takes events, nobody else need be told of them."""
    store.post(b"1")
    assert store.redis.exists(store.keys.wakeup_pending)
    assert len(store.inbox.take(10)) == 1
    assert store.redis.exists(store.keys.wakeup_pending)
    assert store.inbox.take(10) == []
    assert not store.redis.exists(store.keys.wakeup_pending)


def test_an_event_stored_while_the_poke_is_taken_back_is_taken(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look that found nothing and the end of the wake-up, no wake-up is sent for it."""
    inbox = store.inbox
    look = inbox._take  # noqa: SLF001 - the race is between its two looks

    def look_then_store(most: int) -> list[Entry]:
        found = look(most)
        store.post(b"just now")
        return found

    monkeypatch.setattr(inbox, "_take", look_then_store)
    assert [entry.raw for entry in inbox.take(10)] == [b"just now"]


def test_events_are_taken_in_either_protocol(valkey_url: str, keys: Keys) -> None:
    """RESP3, which a URL may ask for, answers with other shapes than RESP2."""
    for protocol in (2, 3):
        with connect(f"{valkey_url}?protocol={protocol}") as redis:
            store = Store(redis, keys)
            assert store.inbox.take(10) == []
            ids = [store.post(b"%d" % number) for number in range(3)]
            store.inbox.take(2)
            store.age(*ids[:2])
            taken = [*store.inbox.take(10), *store.inbox.take(10)]
            assert [entry.id for entry in taken] == ids
            assert store.inbox.backlog().waiting == 3
            store.inbox.done(taken, {ids[0]: "ignored.not_ours"})
            assert store.inbox.outcome(ids[0]) == "ignored.not_ours"
            assert store.inbox.backlog() == Backlog(0, None)
            assert store.inbox.trim(_long_after(), MOST) == 3
