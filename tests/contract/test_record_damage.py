"""A damaged record affects its own call only: it is skipped, counted, shown and kept."""

from collections.abc import Callable
from typing import Any

import pytest

from bridge.domain.call import Kind, State
from bridge.errors import DamagedRecordError
from bridge.pipeline import insights, submit, sweep
from bridge.simulator.wavv.samples import SampleCall
from bridge.store.replies import text
from tests.support.bridge_with_api import Operated
from tests.support.in_process_bridge import Bridge
from tests.support.web_process import problem_in

Damager = Callable[[Any, str, bytes], None]


def _set(value: Callable[[bytes], bytes]) -> Damager:
    return lambda redis, key, before: redis.set(key, value(before))


def _other_type(redis: Any, key: str, _before: bytes) -> None:  # noqa: ANN401 - Redis' client
    redis.delete(key)
    redis.hset(key, "a", "hash")


DAMAGES: dict[str, Damager] = {
    "truncated": _set(lambda before: before[: len(before) // 2]),
    "no_version": _set(lambda before: before.partition(b"\n")[2]),
    "no_document": _set(lambda before: before.partition(b"\n")[0]),
    "word_for_version": _set(lambda before: b"x" + before),
    "not_an_object": _set(lambda _: b'1\n["a", "list"]'),
    "empty_object": _set(lambda _: b"1\n{}"),
    "not_utf8": _set(lambda before: before[:-5] + b"\xff\xfe\xfd"),
    "another_call": _set(lambda before: before.replace(b'call_id":"', b'call_id":"not-', 1)),
    "binary": _set(lambda _: b"\x00\x01\x02"),
    "type_of_a_time": _set(lambda b: b.replace(b'"created_at":"', b'"created_at":[],"was":"', 1)),
    "another_type": _other_type,
}


@pytest.fixture
def bridge(operated: Operated) -> Bridge:
    """Give the bridge behind the API."""
    return operated.bridge


def damage(bridge: Bridge, call: SampleCall, how: str) -> Any:  # noqa: ANN401 - any of Redis' types
    """Damage the record; return a function that shows whether it changed since."""
    redis, key = bridge.services.redis, bridge.services.keys.call(call.call_id)
    before: Any = redis.get(key)
    DAMAGES[how](redis, key, bytes(before))
    return redis.dump(key)


def dumped(bridge: Bridge, call: SampleCall) -> Any:  # noqa: ANN401 - as above
    """Return the value under the call's key, of any Redis type."""
    return bridge.services.redis.dump(bridge.services.keys.call(call.call_id))


@pytest.mark.parametrize("how", DAMAGES)
def test_an_event_of_a_damaged_record_is_a_dead_letter_and_stops_no_other(
    bridge: Bridge, how: str
) -> None:
    """An event of a damaged record becomes a dead letter, and the record is not overwritten.

    The event can be put back after the repair, and other events are processed.
    """
    call, other = bridge.dial(), bridge.dial()
    bridge.receive(call, Kind.STARTED)
    bridge.drain()
    before = bridge.services.redis.get(bridge.services.keys.call(call.call_id))
    written = damage(bridge, call, how)
    bridge.receive(call, Kind.ENDED)
    bridge.receive(other, Kind.ENDED)
    bridge.drain()
    assert bridge.call(other).state is State.ENDED
    assert dumped(bridge, call) == written
    assert bridge.services.inbox.backlog().waiting == 0
    (letter,) = bridge.services.dead_letters.newest(10)
    assert letter.error.startswith("DamagedRecordError")
    assert {line["call_id"] for line in bridge.logged("record.damaged")} == {call.call_id}
    assert bridge.counted("records.damaged") == 1

    bridge.services.redis.delete(bridge.services.keys.call(call.call_id))
    bridge.services.redis.set(bridge.services.keys.call(call.call_id), before or "")
    assert bridge.services.dead_letters.requeue(letter.id, bridge.clock())
    bridge.drain()
    assert bridge.call(call).state is State.ENDED
    assert bridge.services.calls.damage().count == 0


@pytest.mark.parametrize("how", DAMAGES)
def test_steps_leave_a_damaged_record_alone(bridge: Bridge, how: str) -> None:
    """Steps of a damaged record send no request and fail no task; the sweep retries each hour."""
    ended, recorded, other = bridge.dial(), bridge.dial(), bridge.dial()
    submitted = bridge.dial("no-webhook")
    bridge.receive(ended, Kind.ENDED)
    bridge.receive(recorded, Kind.RECORDED)
    bridge.drain()
    bridge.process(submitted)
    bridge.receive(recorded, Kind.RECORDED)
    bridge.published.messages.clear()
    steps = {ended: sweep.expire, recorded: submit.submit, submitted: insights.fetch}
    for call in steps:
        damage(bridge, call, how)
    requests = len(bridge.sandbox.settled()["requests"])
    bridge.clock.wait(minutes=50)
    for call, step in steps.items():
        assert step(bridge.services, [call.call_id]) == []
    assert bridge.sweep() == 0
    assert len(bridge.sandbox.settled()["requests"]) == requests
    bridge.clock.wait(minutes=40)
    assert bridge.sweep() > 0
    assert bridge.process(other).state is State.SUBMITTED


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_record_is_kept_and_stops_no_forgetting(bridge: Bridge, how: str) -> None:
    """A damaged record is kept, and other calls and events are deleted in time."""
    damaged, other = bridge.dial("reject"), bridge.dial("reject")
    bridge.process(damaged)
    bridge.process(other)
    written = damage(bridge, damaged, how)
    bridge.clock.wait(days=31)
    bridge.sweep()
    assert bridge.services.calls.load(other.call_id) is None
    assert dumped(bridge, damaged) == written
    assert bridge.services.redis.xlen(bridge.services.keys.inbox) == 0


def test_a_thousand_damaged_records_do_not_hide_the_rest(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand damaged records that are due first do not stop other calls."""
    monkeypatch.setattr(sweep, "BATCH", 3)
    calls = [bridge.dial("reject") for _ in range(5)]
    for call in calls:
        bridge.process(call)
        bridge.clock.wait(seconds=1)
    for call in calls[:3]:
        damage(bridge, call, "truncated")
    bridge.clock.wait(days=31)
    for _ in range(2):
        bridge.sweep()
    assert [bridge.services.calls.load(call.call_id) for call in calls[3:]] == [None, None]


@pytest.mark.parametrize("how", DAMAGES)
def test_the_api_shows_the_others_and_names_the_damaged(operated: Operated, how: str) -> None:
    """The list counts damaged records, and one that is requested by id is a problem, not a 500."""
    call, other = operated.fail(2)
    damage(operated.bridge, call, how)
    path = f"/api/calls/{call.call_id}"
    for response in (
        operated.http.get(path),
        operated.http.get(f"{path}/insights"),
        operated.http.post(f"{path}/replay"),
    ):
        assert "damaged" in problem_in(response, 409, "damaged_record")
    listed = operated.http.get("/api/calls").json()
    assert [one["call_id"] for one in listed["data"]] == [other.call_id]
    assert listed["damaged"] == 1
    assert operated.replay(state="failed", dry_run=False).json()["started"] == 1
    stats = operated.http.get("/api/stats").json()
    assert stats["damaged"] == {"count": 1, "call_ids": [call.call_id]}
    ready = operated.http.get("/readyz").json()
    assert "1 damaged" in ready["checks"]["records"]["detail"]
    assert any(warning.startswith("records: ") for warning in ready["warnings"])


def test_a_repaired_record_is_no_damaged_one_any_more(bridge: Bridge) -> None:
    """After the repair or removal of a damaged record the warning ends."""
    repaired, removed, call = bridge.dial(), bridge.dial(), bridge.dial()
    keys = [bridge.services.keys.call(one.call_id) for one in (repaired, removed)]
    before: list[Any] = []
    for one in (repaired, removed, call):
        bridge.receive(one, Kind.STARTED)
        bridge.drain()
        before.append(bridge.services.redis.get(bridge.services.keys.call(one.call_id)))
        damage(bridge, one, "truncated")
        with pytest.raises(DamagedRecordError):
            bridge.services.calls.load(one.call_id)
    assert bridge.services.calls.damage().count == 3
    bridge.services.redis.set(keys[0], before[0])
    bridge.services.redis.delete(keys[1])
    assert bridge.services.calls.damage().call_ids == (call.call_id,)


@pytest.mark.parametrize("value", [b"{", b'["list"]', b"\xff", b"7"])
def test_damaged_insights_are_fetched_again(bridge: Bridge, value: bytes) -> None:
    """Damaged insights are fetched again."""
    call = bridge.dial()
    bridge.process(call)
    bridge.transcribed(call)
    bridge.drain()
    bridge.work()
    fetched = bridge.insights(call)
    bridge.services.redis.set(bridge.services.keys.insights(call.call_id), value)
    assert bridge.insights(call) == {}
    bridge.services.redis.delete(bridge.services.keys.insights(call.call_id))
    bridge.services.redis.hset(bridge.services.keys.insights(call.call_id), "a", "hash")
    assert bridge.insights(call) == {}
    assert fetched
    assert bridge.logged("insights.damaged")


def test_an_inbox_entry_without_its_fields_is_a_dead_letter(bridge: Bridge) -> None:
    """An inbox entry without its fields is a dead letter, and the next entries are processed."""
    entry = text(bridge.services.redis.xadd(bridge.services.keys.inbox, {"no": "event"}))
    call = bridge.dial()
    bridge.receive(call, Kind.ENDED)
    for _ in range(3):
        bridge.drain()
        bridge.age(entry)
    assert bridge.call(call).state is State.ENDED
    (letter,) = bridge.services.dead_letters.newest(10)
    assert letter.entry == entry
    bridge.services.redis.xadd(bridge.services.keys.dead_letters, {"no": "event"})
    newest, _ = bridge.services.dead_letters.newest(10)
    assert (newest.source, newest.raw) == ("", b"")
    assert bridge.services.dead_letters.requeue(newest.id, bridge.clock())
