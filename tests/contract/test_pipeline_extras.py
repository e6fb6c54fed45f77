"""Another recording of a call is noted, or submitted as a call of its own."""

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from bridge.domain.call import Call, Kind, State
from bridge.domain.extras import extra_call_id
from bridge.pipeline import extras
from bridge.simulator.wavv.samples import SampleCall
from tests.support.bridge_with_api import Operated
from tests.support.in_process_bridge import Bridge, whats

SECOND = "https://recordings.wavv.example/second.mp3"


@pytest.fixture
def bridge(operated: Operated) -> Bridge:
    """Give the bridge behind the API."""
    return operated.bridge


def _submitted(bridge: Bridge) -> SampleCall:
    call = bridge.dial()
    assert bridge.process(call).state is State.SUBMITTED
    return call


def _extra(bridge: Bridge, call: SampleCall, link: str = SECOND) -> Call:
    found = bridge.services.calls.load(extra_call_id(call.call_id, link))
    assert found is not None
    return found


def test_another_recording_is_noted_counted_and_found(operated: Operated, bridge: Bridge) -> None:
    """By default another recording is noted, counted and listed, and not sent."""
    call, other = _submitted(bridge), _submitted(bridge)
    entry = bridge.receive(call, Kind.RECORDED, recordingUrl=f"{SECOND}?sig=secret")[0]
    bridge.receive(other, Kind.RECORDED)
    bridge.drain()
    bridge.work()
    assert len(bridge.bodies()) == 2
    assert bridge.counted("recordings.another") == 1
    listed = operated.http.get("/api/calls", params={"extra_recordings": "true"}).json()["data"]
    assert [one["call_id"] for one in listed] == [call.call_id]
    assert len(operated.http.get("/api/calls").json()["data"]) == 2
    shown = operated.http.get(f"/api/calls/{call.call_id}").json()
    assert shown["recording_url"] == call.recording_url
    (extra,) = shown["extra_recordings"]
    assert (extra["link"], extra["call_id"], extra["state"]) == (SECOND, None, None)
    assert extra["heard_at"] is not None
    (noted,) = [one for one in shown["timeline"] if one["what"] == "recording.another"]
    assert (noted["link"], noted["entry"]) == (SECOND, entry)


def test_another_recording_is_submitted_as_a_separate_call(
    operated: Operated, bridge: Bridge
) -> None:
    """With the setting on, another recording is a call with its own ids and insights."""
    bridge.change_settings(extra_recordings="submit")
    call = _submitted(bridge)
    bridge.process(call, Kind.RECORDED, recordingUrl=SECOND)
    extra = _extra(bridge, call)
    assert (extra.state, extra.recording_of) == (State.SUBMITTED, call.call_id)
    first, second = bridge.bodies()
    assert second["media_url"] == SECOND
    assert second["external_id"] == f"wavv-call-{extra.call_id}" != first["external_id"]
    assert second["external_url"] == first["external_url"]
    bridge.sweep_for(minutes=20)
    assert {one.state for one in (bridge.call(call), _extra(bridge, call))} == {State.COMPLETE}
    shown = operated.http.get(f"/api/calls/{call.call_id}").json()["extra_recordings"]
    assert [(one["call_id"], one["state"]) for one in shown] == [(extra.call_id, "complete")]
    theirs = operated.http.get(f"/api/calls/{extra.call_id}").json()
    assert theirs["recording_of"] == call.call_id
    assert theirs["insights"]["signals"]


def test_two_recordings_within_the_settling_time_make_two_engagements(bridge: Bridge) -> None:
    """Of two recordings within the settling time the later is the call's own."""
    bridge.change_settings(extra_recordings="submit")
    call = bridge.dial()
    bridge.receive(call)
    bridge.receive(call, Kind.RECORDED, recordingUrl=SECOND)
    bridge.receive(call)
    bridge.drain()
    bridge.work()
    for signature in ("a", "b"):
        bridge.process(call, Kind.RECORDED, recordingUrl=f"{SECOND}?sig={signature}")
    bridge.process(call, Kind.RECORDED)
    assert len(bridge.bodies()) == 2
    assert len({body["media_url"].partition("?")[0] for body in bridge.bodies()}) == 2


def test_each_recording_that_an_event_lists_is_submitted(bridge: Bridge) -> None:
    """Each recording in a list of one event is submitted, the first as the call's own."""
    bridge.change_settings(extra_recordings="submit")
    call = bridge.dial()
    listed = [{"url": call.recording_url}, {"url": "https://10.0.0.1/a.mp3"}, {"url": SECOND}]
    bridge.receive(call, Kind.RECORDED, recordingUrl=listed)
    bridge.drain()
    bridge.work()
    assert bridge.call(call).state is State.SUBMITTED
    assert _extra(bridge, call).state is State.SUBMITTED
    assert [body["media_url"] for body in bridge.bodies()] == [call.recording_url, SECOND]
    assert "recording.another" in whats(bridge.call(call))


def test_an_extra_call_is_opened_after_a_crash_before_it(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash before it was saved, the extra call is made from the same inbox entry."""
    bridge.change_settings(extra_recordings="submit")
    call = _submitted(bridge)

    def crash(*_: object) -> None:
        raise RedisConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(extras, "call_of_extra", crash)
        entries = bridge.receive(call, Kind.RECORDED, recordingUrl=SECOND)
        with pytest.raises(RedisConnectionError):
            bridge.drain()
    assert bridge.call(call).extra_recordings[0].call_id is not None
    assert bridge.services.calls.load(extra_call_id(call.call_id, SECOND)) is None
    bridge.age(*entries)
    bridge.drain()
    bridge.work()
    assert _extra(bridge, call).state is State.SUBMITTED
    assert len(bridge.bodies()) == 2


def test_fields_that_come_later_reach_the_extra_call(bridge: Bridge) -> None:
    """Metadata that comes later is also written onto the extra call."""
    bridge.change_settings(extra_recordings="submit")
    call = _submitted(bridge)
    bridge.process(call, Kind.RECORDED, recordingUrl=SECOND)
    later = Kind.RECORDED
    bridge.process(call, later, disposition="Appointment")
    extra = _extra(bridge, call)
    assert extra.metadata.disposition == "Appointment"
    assert (extra.metadata.recording_url or "") == SECOND
    assert whats(extra)[0] == "recording.separated"
    assert len(bridge.bodies()) == 2


def test_a_forgotten_call_leaves_the_list_of_extras(bridge: Bridge) -> None:
    """Retention removes a call from the list of extra recordings."""
    call = bridge.dial("reject")
    bridge.process(call)
    bridge.process(call, Kind.RECORDED, recordingUrl=SECOND)
    assert bridge.services.redis.zcard(bridge.services.keys.with_extras) == 1
    bridge.clock.wait(days=31)
    bridge.sweep()
    assert bridge.services.redis.zcard(bridge.services.keys.with_extras) == 0
