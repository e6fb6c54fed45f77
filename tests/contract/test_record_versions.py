"""Workers of an older version do not change records that a newer version wrote.

During an update both versions run on the same Redis. "Newer" is an unknown format, an unknown state
or another shape. "Upgraded" is the same record after this version can read it.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from bridge.domain.call import FORMAT, Kind, State
from bridge.errors import NewerRecordError
from bridge.pipeline import events, insights, submit, sweep
from bridge.simulator.wavv.samples import SampleCall
from bridge.store import changes, records
from tests.support.bridge_with_api import Operated
from tests.support.httpx_transports import InterruptedTransport
from tests.support.in_process_bridge import Bridge, break_on, whats
from tests.support.web_process import problem_in

NEWER: Mapping[str, dict[str, Any]] = {
    "format": {"format": FORMAT + 1},
    "state": {"state": "reviewed"},
    "kind": {"heard": ["CallTransferred"]},
    "shape": {"metadata": {"lead_phone": {"e164": "+14155550100"}}},
}


@pytest.fixture
def bridge(operated: Operated) -> Bridge:
    """Give the bridge behind the API."""
    return operated.bridge


def rewrite(bridge: Bridge, call: SampleCall, changes: Mapping[str, Any]) -> bytes:
    """Save the record as another version would, with its indexes unchanged; return the old one."""
    key = bridge.services.keys.call(call.call_id)
    before: Any = bridge.services.redis.get(key)
    version, _, document = before.partition(b"\n")
    changed = json.dumps(json.loads(document) | changes)
    bridge.services.redis.set(key, f"{int(version) + 1}\n{changed}")
    return bytes(before)


def upgrade(bridge: Bridge, call: SampleCall, before: bytes) -> None:
    """Make this version able to read the record."""
    bridge.services.redis.set(bridge.services.keys.call(call.call_id), before)


def stored(bridge: Bridge, call: SampleCall) -> bytes:
    """Return the record as it is stored."""
    value: Any = bridge.services.redis.get(bridge.services.keys.call(call.call_id))
    return bytes(value)


def waiting_call(bridge: Bridge, *kinds: Kind) -> SampleCall:
    """Return a due call that received these events."""
    call = bridge.dial()
    bridge.receive(call, *kinds)
    bridge.drain()
    bridge.clock.wait(days=2)
    return call


@pytest.mark.parametrize("newer", NEWER.values(), ids=NEWER)
def test_an_event_of_a_newer_record_waits_for_a_newer_worker(
    bridge: Bridge, newer: dict[str, Any]
) -> None:
    """An event of a newer record is retried without end, and is never a dead letter.

    The other events are processed.
    """
    call, other = waiting_call(bridge, Kind.STARTED), bridge.dial()
    before = rewrite(bridge, call, newer)
    written = stored(bridge, call)
    (entry,) = bridge.receive(call, Kind.RECORDED)
    bridge.receive(other, Kind.ENDED)
    for _ in range(2 * events.TRIES):
        bridge.drain()
        bridge.age(entry)
    assert bridge.call(other).state is State.ENDED
    assert stored(bridge, call) == written
    assert bridge.counted("events.set_aside") == 0
    assert bridge.services.inbox.backlog().waiting == 1
    assert {line["call_id"] for line in bridge.logged("call.written_by_newer_version")} == {
        call.call_id
    }

    upgrade(bridge, call, before)
    bridge.drain()
    found = bridge.call(call)
    assert (found.state, whats(found)) == (State.RECORDED, ["CallStarted", "CallRecorded"])
    assert bridge.services.inbox.backlog().waiting == 0


def test_a_wait_for_a_newer_worker_is_no_try(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retries for a newer record do not count as tries of an event that raises later."""
    call = waiting_call(bridge, Kind.STARTED)
    before = rewrite(bridge, call, NEWER["format"])
    (entry,) = bridge.receive(call, Kind.ENDED)
    for _ in range(events.TRIES):
        bridge.drain()
        bridge.age(entry)
    upgrade(bridge, call, before)
    with monkeypatch.context() as broken:
        break_on(broken, call.call_id)
        for _ in range(events.TRIES - 1):
            bridge.drain()
            bridge.age(entry)
    assert bridge.counted("events.set_aside") == 0
    bridge.drain()
    assert bridge.call(call).state is State.ENDED


@pytest.mark.parametrize("shares_its_link", [True, False])
def test_a_transcript_of_a_newer_record_waits_too(bridge: Bridge, *, shares_its_link: bool) -> None:
    """A transcript webhook of a newer record waits, and is not matched with another call."""
    call, other = bridge.dial("no-webhook"), bridge.dial("no-webhook")
    bridge.process(call)
    bridge.process(other)
    if shares_its_link:
        link = bridge.call(call).external_url
        for one in (call, other):
            bridge.services.calls.update(
                one.call_id, lambda c: c and c.but(external_url=link, engagement_id=None)
            )
        bridge.services.redis.delete(
            *bridge.services.redis.keys(bridge.services.keys.of("engagement", "*"))
        )
    before = rewrite(bridge, call, NEWER["state"])
    entry = bridge.transcribed(call)
    bridge.drain()
    assert bridge.call(other).state is State.SUBMITTED
    assert bridge.services.inbox.backlog().waiting == 1
    if not shares_its_link:
        upgrade(bridge, call, before)
        bridge.age(entry)
        bridge.drain()
        assert bridge.call(call).state is State.TRANSCRIBED


@pytest.mark.parametrize("newer", NEWER.values(), ids=NEWER)
def test_steps_leave_a_newer_record_alone_and_the_sweep_retries(
    bridge: Bridge, newer: dict[str, Any]
) -> None:
    """Steps of a newer record send no request, and run when the record can be read."""
    ended, recorded = waiting_call(bridge, Kind.ENDED), waiting_call(bridge, Kind.RECORDED)
    submitted = bridge.dial("no-webhook")
    bridge.process(submitted)
    bridge.published.messages.clear()
    steps = {ended: sweep.expire, recorded: submit.submit, submitted: insights.fetch}
    before = {call: rewrite(bridge, call, newer) for call in steps}
    bridge.clock.wait(days=1)
    requests = len(bridge.sandbox.settled()["requests"])
    for call, step in steps.items():
        assert step(bridge.services, [call.call_id]) == []
    for _ in range(3):
        assert bridge.sweep() == len(steps)
        bridge.work()
        bridge.clock.wait(seconds=30)
    assert len(bridge.sandbox.settled()["requests"]) == requests
    for call, document in before.items():
        assert json.loads(stored(bridge, call).partition(b"\n")[2]).items() >= newer.items()
        upgrade(bridge, call, document)
    bridge.sweep()
    bridge.work()
    assert bridge.call(ended).state is State.UNRECORDED
    assert bridge.call(recorded).state is bridge.call(submitted).state is State.COMPLETE


def test_a_record_that_becomes_newer_during_a_request_is_not_overwritten(bridge: Bridge) -> None:
    """A record that became newer during a request is not overwritten; one engagement is made."""
    call = waiting_call(bridge, Kind.RECORDED)
    before: list[bytes] = []
    bridge.use_transport(
        InterruptedTransport(lambda: before.append(rewrite(bridge, call, {"format": FORMAT + 1})))
    )
    assert submit.submit(bridge.services, [call.call_id]) == []
    assert json.loads(stored(bridge, call).partition(b"\n")[2])["format"] == FORMAT + 1
    upgrade(bridge, call, before[0])
    bridge.change_settings()
    assert submit.submit(bridge.services, [call.call_id]) is not None
    assert [one["status"] for one in bridge.requests()] == [201, 200]
    assert len(bridge.bodies()) == 1


@pytest.mark.parametrize("newer", NEWER.values(), ids=NEWER)
def test_a_newer_record_is_not_forgotten_and_stops_no_other(
    bridge: Bridge, newer: dict[str, Any]
) -> None:
    """A newer record is not deleted, and others are."""
    newest, other = bridge.dial("reject"), bridge.dial("reject")
    bridge.process(newest)
    bridge.process(other)
    rewrite(bridge, newest, newer)
    bridge.clock.wait(days=31)
    bridge.sweep()
    assert bridge.services.calls.load(other.call_id) is None
    assert stored(bridge, newest)


@pytest.mark.parametrize("newer", NEWER.values(), ids=NEWER)
def test_the_api_shows_the_others_and_names_the_unreadable(
    operated: Operated, newer: dict[str, Any]
) -> None:
    """The list and replays skip a newer record; its own path responds with 503."""
    call, other = operated.fail(2)
    rewrite(operated.bridge, call, newer)
    listed = operated.http.get("/api/calls").json()["data"]
    assert [one["call_id"] for one in listed] == [other.call_id]
    assert operated.replay(state="failed", dry_run=False).json()["started"] == 1
    path = f"/api/calls/{call.call_id}"
    for response in (operated.http.get(path), operated.http.post(f"{path}/replay")):
        assert "newer version" in problem_in(response, 503, "newer_record")
    assert sum(operated.http.get("/api/stats").json()["states"].values()) == 2


def test_what_only_a_newer_version_knows_is_kept_through_the_store(bridge: Bridge) -> None:
    """Unknown fields of a record survive a save by this version, nested ones too."""
    call = waiting_call(bridge, Kind.STARTED)
    metadata = json.loads(stored(bridge, call).partition(b"\n")[2])["metadata"]
    entry = bridge.call(call).timeline[0].model_dump(mode="json") | {"by": "a newer worker"}
    news = {"mood": {"of": ["the", None]}, "metadata": metadata | {"weather": {"is": "rain"}}}
    rewrite(bridge, call, news | {"timeline": [entry]})
    bridge.process(call, Kind.ENDED, Kind.RECORDED)
    bridge.transcribed(call)
    bridge.drain()
    bridge.work()
    assert bridge.call(call).state is State.COMPLETE
    kept = json.loads(stored(bridge, call).partition(b"\n")[2])
    assert kept["mood"] == news["mood"]
    assert kept["metadata"]["weather"] == {"is": "rain"}
    assert kept["timeline"][0] == entry


def test_a_record_has_its_format_from_the_second_on(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record stores its format from the second format on."""
    call = waiting_call(bridge, Kind.STARTED)
    assert json.loads(stored(bridge, call).partition(b"\n")[2])["format"] == FORMAT == 2
    with monkeypatch.context() as newer:
        for module in (changes, records):
            newer.setattr(module, "FORMAT", FORMAT + 1)
        bridge.receive(call, Kind.ENDED)
        bridge.drain()
        assert bridge.call(call).format == FORMAT + 1
    with pytest.raises(NewerRecordError) as raised:
        bridge.services.calls.load(call.call_id)
    assert str(raised.value) == raised.value.call_id == call.call_id


def test_the_error_contains_no_value_of_the_record(bridge: Bridge) -> None:
    """The error for an unreadable record contains no value of it."""
    call = waiting_call(bridge, Kind.STARTED)
    rewrite(bridge, call, NEWER["shape"])
    with pytest.raises(NewerRecordError) as raised:
        bridge.services.calls.load(call.call_id)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
