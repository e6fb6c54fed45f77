"""The inbox gives each event to one worker, and keeps it until it is processed."""

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
    """Give the stores on a real Valkey, because fakeredis has no ``INFO``."""
    return real_store


def _long_after() -> datetime:
    """Return a time after the server's real one, whose clock stamps the entries."""
    return datetime.now(UTC) + LONG_AFTER


def test_an_event_comes_out_as_it_went_in(store: Store) -> None:
    """An event is read byte for byte, with source and request id."""
    entry_id = store.post(b'\xff{"a": 1}\n', "askelephant")
    (entry,) = store.inbox.take(10)
    assert (entry.id, entry.source, entry.raw) == (entry_id, "askelephant", b'\xff{"a": 1}\n')
    assert (entry.request_id, entry.deliveries) == ("req-1", 1)


def test_an_event_that_comes_twice_is_stored_once(store: Store) -> None:
    """A repeated event is stored once, by source and key, and counted twice."""
    assert store.post(b"1", key="k")
    assert store.post(b"1", key="k") == ""
    assert store.post(b"1", "askelephant", key="k")
    assert len(store.inbox.take(10)) == 2
    counted = store.counters.all()
    assert (counted["events.received.wavv"], counted["events.duplicate.wavv"]) == (1, 1)


def test_events_are_read_in_order_and_in_batches(store: Store) -> None:
    """Events are read in order and in batches, each once."""
    for number in range(5):
        store.post(b"%d" % number)
    batches = [[entry.raw for entry in store.inbox.take(2)] for _ in range(4)]
    assert batches == [[b"0", b"1"], [b"2", b"3"], [b"4"], []]


def test_an_inbox_that_was_never_written_to_is_empty(store: Store) -> None:
    """An inbox without a stream is empty, and the group reads events from before it."""
    assert store.inbox.take(10) == []
    assert store.inbox.backlog() == Backlog(0, None)
    store.post(b"1")
    assert len(store.inbox.take(10)) == 1


def test_what_is_handled_does_not_come_back(store: Store) -> None:
    """A processed event is never read again."""
    store.post(b"1")
    entries = store.inbox.take(10)
    store.inbox.done(entries, {})
    assert store.inbox.take(10) == []
    assert store.inbox.backlog() == Backlog(0, None)


def test_another_server_marks_no_event_as_handled(store: Store) -> None:
    """An event that another server processed is not acknowledged, and is claimed later."""
    entry_id = store.post(b"1")
    taken = [replace(entry, server="0" * 40) for entry in store.inbox.take(10)]
    assert not store.inbox.done(taken, {entry_id: "ignored.not_ours"})
    assert store.inbox.outcome(entry_id) is None
    assert store.inbox.backlog().waiting == 1
    store.age(entry_id)
    assert store.inbox.done(store.inbox.take(10), {})


def test_an_abandoned_event_is_read_before_new_ones(store: Store) -> None:
    """An abandoned event is read before new ones, with its number of deliveries."""
    first, _ = store.post(b"first"), store.post(b"second")
    assert [entry.raw for entry in store.inbox.take(1)] == [b"first"]
    handed_out = []
    for _ in range(2):
        store.age(first)
        handed_out.append([(entry.raw, entry.deliveries) for entry in store.inbox.take(1)])
    assert handed_out == [[(b"first", 2), (b"second", 1)], [(b"first", 3)]]


def test_an_event_in_progress_belongs_to_its_worker(store: Store) -> None:
    """An event belongs to its worker for 30 seconds."""
    entry = store.post(b"1")
    store.inbox.take(10)
    store.age(entry, minutes=0.45)
    assert store.inbox.take(10) == []


def test_an_event_is_abandoned_within_a_minute(store: Store) -> None:
    """An event is abandoned after less than a minute, including the sweep's interval."""
    entry = store.post(b"1")
    store.inbox.take(10)
    interval: timedelta = Settings.model_fields["sweep_interval"].default
    store.age(entry, minutes=1 - interval / timedelta(minutes=1))
    assert [one.id for one in store.inbox.take(10)] == [entry]


def test_only_one_claims_an_abandoned_event(store: Store) -> None:
    """One worker gets an abandoned event, because the claim renews it."""
    entry = store.post(b"1")
    store.inbox.take(10)
    store.age(entry)
    assert [len(store.inbox.take(10)) for _ in range(2)] == [1, 0]


def test_a_dead_letter_is_kept_whole_with_its_error(store: Store) -> None:
    """A dead letter is kept whole with its error, and counted."""
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


def test_the_outcome_of_an_event_that_changed_no_call_is_stored(store: Store) -> None:
    """The outcome of an event that changed no call is stored and counted."""
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
    """The backlog counts unread and unacknowledged events, and has the age of the oldest."""
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
    """Trimming never deletes unprocessed events, or newer ones."""
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
    """Trimming deletes a limited number of events and outcomes at once."""
    ids = [store.post(b"%d" % number) for number in range(250)]
    store.inbox.done(store.inbox.take(250), dict.fromkeys(ids, "ignored.not_ours"))
    left = []
    while store.inbox.trim(_long_after(), 100):
        outcomes = store.redis.zcard(store.keys.outcomes)
        left.append((store.redis.xlen(store.keys.inbox), outcomes))
    assert left == [(150, 150), (50, 50), (0, 0)]


def test_trimming_keeps_handled_events_for_their_time(store: Store) -> None:
    """Trimming keeps processed events and their outcomes for the configured time."""
    entry_id = store.post(b"1")
    store.inbox.done(store.inbox.take(10), {entry_id: "ignored.not_ours"})
    assert store.inbox.trim(datetime.now(UTC) - timedelta(days=7), MOST) == 0
    assert store.inbox.outcome(entry_id) == "ignored.not_ours"
    assert store.inbox.trim(_long_after(), MOST) == 1
    assert store.inbox.outcome(entry_id) is None


def test_refused_events_and_dead_letters_are_deleted_in_time(store: Store) -> None:
    """Refused events and dead letters are deleted in time."""
    store.post(b"broken")
    store.inbox.move_to_dead_letters(store.inbox.take(1)[0], "ValueError: no")
    store.redis.xadd(store.keys.refused, {"raw": b"bad"})
    streams = (store.keys.dead_letters, store.keys.refused)
    store.inbox.trim_logs(datetime.now(UTC) - timedelta(days=7))
    assert [store.redis.xlen(stream) for stream in streams] == [1, 1]
    store.inbox.trim_logs(_long_after())
    assert [store.redis.xlen(stream) for stream in streams] == [0, 0]


def test_an_inbox_that_is_no_stream_is_an_error(real_store: Store) -> None:
    """An inbox of another Redis type is an error."""
    real_store.redis.set(real_store.keys.inbox, "not a stream")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        real_store.inbox.take(10)


def test_the_wakeup_flag_is_deleted_when_nothing_is_left(store: Store) -> None:
    """The wake-up flag is deleted only when no event is left."""
    store.post(b"1")
    assert store.redis.exists(store.keys.wakeup_pending)
    assert len(store.inbox.take(10)) == 1
    assert store.redis.exists(store.keys.wakeup_pending)
    assert store.inbox.take(10) == []
    assert not store.redis.exists(store.keys.wakeup_pending)


def test_an_event_stored_while_the_flag_is_deleted_is_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event that is stored while the flag is deleted is read."""
    inbox = store.inbox
    look = inbox._take  # noqa: SLF001 - the race is between its two looks

    def look_then_store(most: int) -> list[Entry]:
        found = look(most)
        store.post(b"just now")
        return found

    monkeypatch.setattr(inbox, "_take", look_then_store)
    assert [entry.raw for entry in inbox.take(10)] == [b"just now"]


def test_events_are_read_in_either_protocol(valkey_url: str, keys: Keys) -> None:
    """Events are read in RESP2 and RESP3."""
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
