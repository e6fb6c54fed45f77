"""Every event of the inbox ends on its call, or as a recorded outcome."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NoReturn

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway

from bridge.broker.publisher import DRAIN
from bridge.domain.call import Kind, State
from bridge.domain.steps import SUBMIT
from bridge.pipeline import events
from bridge.store.inbox import Inbox
from tests.support.in_process_bridge import ALL_KINDS, Bridge, break_on, whats
from tests.support.store import at_once

SETTLE = timedelta(seconds=2)


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ((Kind.STARTED,), State.LIVE),
        ((Kind.STARTED, Kind.ENDED), State.ENDED),
        ((Kind.ENDED, Kind.STARTED), State.ENDED),
        ((Kind.RECORDED, Kind.ENDED, Kind.STARTED), State.RECORDED),
    ],
)
def test_events_of_a_call_are_written_onto_it_in_any_order(
    bridge: Bridge, kinds: tuple[Kind, ...], state: State
) -> None:
    """The events of a call give the same state in any order, with their inbox entries noted."""
    call = bridge.dial()
    entries = bridge.receive(call, *kinds)
    bridge.drain()
    found = bridge.call(call)
    assert found.state is state
    assert [entry.what for entry in found.timeline] == list(kinds)
    assert [(entry.model_extra or {})["entry"] for entry in found.timeline] == entries
    assert bridge.services.inbox.backlog().waiting == 0


def test_only_a_recording_is_submitted_after_it_has_settled(bridge: Bridge) -> None:
    """Only a recording publishes a submission, after the settling time."""
    call = bridge.dial()
    bridge.receive(call, Kind.STARTED, Kind.ENDED)
    bridge.drain()
    assert bridge.published.messages == []
    bridge.receive(call, Kind.RECORDED)
    bridge.drain()
    (message,) = bridge.published.messages
    assert (message.task, message.args) == (SUBMIT.task, (call.call_id,))
    assert message.at == bridge.clock() + SETTLE


def test_a_repeated_event_is_not_stored(bridge: Bridge) -> None:
    """A repeated event is counted and not stored."""
    raw = b'{"event": "call.started", "data": {"id": "c-1"}}'
    assert bridge.receive_raw(raw, "wavv", key="k")
    assert bridge.receive_raw(raw, "wavv", key="k") == ""
    bridge.drain()
    found = bridge.services.calls.load("c-1")
    assert found is not None
    assert whats(found) == ["CallStarted"]


def test_a_repeated_event_puts_nothing_off(bridge: Bridge) -> None:
    """A repeated event that was not deduplicated does not delay or repeat the submission."""
    call = bridge.dial()
    bridge.receive(call)
    bridge.drain()
    due_at = bridge.call(call).due_at
    bridge.clock.wait(seconds=1)
    bridge.receive(call)
    bridge.drain()
    assert bridge.call(call).due_at == due_at
    bridge.work()
    assert len(bridge.requests()) == 1


@pytest.mark.parametrize("name", ["call.transferred", "ContactCreated", "heartbeat"])
def test_an_unknown_event_is_kept_and_its_outcome_recorded(bridge: Bridge, name: str) -> None:
    """An unknown event is kept, with its outcome recorded."""
    entry = bridge.receive_raw(b'{"event": "%s", "data": {"id": "c-1"}}' % name.encode(), "wavv")
    bridge.drain()
    assert bridge.services.inbox.outcome(entry) == "ignored.unknown_event"
    assert bridge.counted("events.ignored.unknown_event") == 1
    assert bridge.services.calls.load("c-1") is None


@pytest.mark.parametrize("event", ["call.transferred", "", None])
def test_an_unknown_event_is_noted_on_its_call(bridge: Bridge, event: str | None) -> None:
    """An unknown event is noted on its call."""
    call = bridge.dial()
    bridge.receive(call, Kind.STARTED)
    raw = json.dumps({"event": event, "data": {"id": call.call_id}}).encode()
    entry = bridge.receive_raw(raw, "wavv")
    bridge.drain()
    assert bridge.services.inbox.outcome(entry) == "ignored.unknown_event"
    noted = bridge.call(call).timeline[-1].model_dump()
    assert (noted["what"], noted["entry"]) == ("event.unknown", entry)


def test_times_without_a_zone_are_in_the_operators(bridge: Bridge) -> None:
    """Times without a zone are read in ``BRIDGE_TIMEZONE``, with a note."""
    bridge.change_settings(timezone="America/New_York")
    call = bridge.dial()
    bridge.receive(call, Kind.ENDED, startedAt="2026-05-13T10:00:00")
    bridge.drain()
    found = bridge.call(call)
    assert found.metadata.started_at == datetime(2026, 5, 13, 14, tzinfo=UTC)
    assert "started_at_without_zone" in (found.timeline[0].model_extra or {})["notes"]


def test_what_was_not_read_is_on_the_timeline_of_the_call(bridge: Bridge) -> None:
    """Unusable values and unread keys are noted on the call, by name only."""
    body = {
        "Event": "call recorded",
        "call_id": "c-1",
        "RecordingUrl": "http://recordings.wavv.example/1.mp3",
        "startedAt": "2026-05-13T10:00:00",
        "email": "a@x.example; b@x.example",
        "from": "4155550123",
        "to": "2125550100",
        "MyOwnKey": "a secret",
    }
    bridge.receive_raw(json.dumps(body).encode(), "wavv")
    bridge.drain()
    call = bridge.services.calls.load("c-1")
    assert call is not None
    noted = call.timeline[0].model_dump()
    assert set(noted["notes"]) == {
        "recording_url_unusable",
        "started_at_without_zone",
        "lead_email_unusable",
        "direction_missing",
    }
    assert noted["unusable"] == {
        "recording_url": "http://recordings.wavv.example/1.mp3",
        "lead_email": "a@x.example; b@x.example",
    }
    assert noted["unread_keys"] == ["MyOwnKey"]
    assert "RecordingUrl" in noted["keys"]
    assert "a secret" not in call.model_dump_json()
    assert call.metadata.lead_email is None


def test_an_event_whose_processing_raises_is_tried_three_times(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event whose processing raises is tried three times, then becomes a dead letter.

    The other events of its batch are processed at once.
    """
    bad, good = bridge.dial(), bridge.dial()
    break_on(monkeypatch, bad.call_id)
    (entry,) = bridge.receive(bad, Kind.ENDED)
    bridge.receive(good, Kind.ENDED)
    for tries in (1, 2, 3):
        bridge.drain()
        assert bridge.call(good).state is State.ENDED
        assert bridge.services.inbox.backlog().waiting == (0 if tries == events.TRIES else 1)
        bridge.age(entry)
    assert bridge.counted("events.set_aside") == 1
    bridge.drain()
    assert bridge.services.calls.load(bad.call_id) is None


def test_an_event_that_broke_once_is_handled_when_the_bug_is_gone(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event whose processing raised once is processed after the bug is fixed."""
    call = bridge.dial()
    (entry,) = bridge.receive(call, Kind.ENDED)
    with monkeypatch.context() as broken:
        break_on(broken, call.call_id)
        bridge.drain()
    bridge.age(entry)
    bridge.drain()
    assert whats(bridge.call(call)) == ["CallEnded"]
    assert bridge.services.inbox.backlog().waiting == 0


def test_an_event_that_cannot_be_parsed_is_a_dead_letter_at_once(bridge: Bridge) -> None:
    """An event that cannot be parsed is a dead letter at once."""
    bridge.receive_raw(b"not json", "wavv")
    bridge.receive_raw(b"[]", "askelephant")
    bridge.drain()
    assert bridge.counted("events.set_aside") == 2
    assert bridge.services.inbox.backlog().waiting == 0


def test_redis_going_away_leaves_the_event_for_the_next_drain(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event is left in the inbox while Redis is away, and is never a dead letter for it."""
    first, second, third = bridge.dial(), bridge.dial(), bridge.dial()
    entries = [bridge.receive(call, Kind.ENDED)[0] for call in (first, second, third)]

    with monkeypatch.context() as broken:
        break_on(broken, second.call_id, RedisAway("gone"))
        for _ in range(events.TRIES + 1):
            with pytest.raises(RedisAway):
                events.drain(bridge.services)
            bridge.age(*entries[1:])
    assert bridge.call(first).state is State.ENDED
    assert bridge.services.inbox.backlog().waiting == 2
    bridge.drain()
    assert [bridge.call(call).state for call in (second, third)] == [State.ENDED] * 2
    assert bridge.counted("events.set_aside") == 0


def test_an_event_whose_acknowledgement_is_lost_changes_nothing_the_second_time(
    bridge: Bridge,
) -> None:
    """An event that is processed twice, after a lost acknowledgement, changes no field."""

    class Dying(Inbox):
        def done(self, *_: object) -> NoReturn:
            raise RedisAway("killed")

    call = bridge.dial()
    entries = bridge.receive(call)
    dying = replace(bridge.services, inbox=Dying(bridge.services.redis, bridge.services.keys))
    with pytest.raises(RedisAway):
        events.drain(dying)
    before = bridge.call(call)
    bridge.age(*entries)
    bridge.drain()
    after = bridge.call(call)
    assert len(after.timeline) == 2 * len(entries)
    changed = {"timeline", "updated_at"}
    assert after.model_dump(exclude=changed) == before.model_dump(exclude=changed)


def test_drains_that_race_handle_every_event_once(bridge: Bridge, redis: Redis) -> None:
    """Concurrent drains process every event once."""
    calls = [bridge.dial() for _ in range(20)]
    for call in calls:
        bridge.receive(call)
    at_once(*[partial(bridge.drain)] * 4)
    for call in calls:
        found = bridge.call(call)
        assert sorted(whats(found)) == sorted(ALL_KINDS)
        assert found.state is State.RECORDED
        assert found.version <= len(ALL_KINDS)
    assert redis.xpending(bridge.services.keys.inbox, "intake")["pending"] == 0


def test_a_batch_is_bounded(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    """One drain processes a limited number of events."""
    monkeypatch.setattr(events, "BATCH", 2)
    bridge.receive(bridge.dial())
    assert [events.drain(bridge.services) for _ in range(3)] == [2, 1, 0]


def test_a_drain_that_was_published_finds_an_empty_inbox_harmless(bridge: Bridge) -> None:
    """A drain of an empty inbox does nothing."""
    for _ in range(3):
        bridge.published.publish(DRAIN)
    bridge.work()
    assert bridge.published.messages == []
