"""This version reads the store that version 0.1.0 wrote, and completes its calls.

``store_of_before.json`` is a dump of that version's Valkey after invented calls: one in each state,
held, deferred, without a recording, parked, dead-lettered, refused, and events that were stored and
not processed. The file is never edited by hand.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis

from bridge.askelephant.client import ElephantClient
from bridge.domain.call import Call, Kind, State
from bridge.services import elephant_options
from tests.support.bridge_with_api import Operated
from tests.support.in_process_bridge import Bridge
from tests.support.wavv_api import KEY, WavvRest, running_wavv

DUMP: Mapping[str, Any] = json.loads(Path(__file__).with_name("store_of_before.json").read_text())
WRITTEN_AT = datetime.fromisoformat(DUMP["at"])
TAKEN_FOR = timedelta(minutes=2)
"""How long an event has been unacknowledged by a worker that is gone."""

WRITTEN = {
    "awaited": (State.RECORDED, "recording_missing"),
    "by-ingress": (State.LIVE, None),
    "complete-all": (State.COMPLETE, None),
    "complete-none~no-insights": (State.COMPLETE, None),
    "complete-some~partial-insights": (State.COMPLETE, None),
    "crm": (State.ENDED, None),
    "deferred~error-before-commit.40": (State.RECORDED, "askelephant_error"),
    "ended": (State.ENDED, None),
    "fetched~error-before-commit.40": (State.RECORDED, "askelephant_error"),
    "held": (State.RECORDED, "throttled"),
    "live": (State.LIVE, None),
    "lost-answer~reset.9": (State.RECORDED, "askelephant_unreachable"),
    "processing-failed~failed": (State.FAILED, "processing_failed"),
    "recorded": (State.RECORDED, None),
    "refused~reject": (State.FAILED, "rejected"),
    "short": (State.SKIPPED, "too_short"),
    "submitted-with-event~no-webhook": (State.SUBMITTED, None),
    "submitted~no-webhook": (State.SUBMITTED, None),
    "throttled~throttle-seconds.9": (State.RECORDED, "throttled"),
    "transcribed-some~partial-insights": (State.TRANSCRIBED, None),
    "transcribed~no-webhook": (State.TRANSCRIBED, None),
    "unrecorded": (State.UNRECORDED, None),
    "without-answer~no-webhook": (State.COMPLETE, None),
}
"""Every record with its state and reason."""

UNHANDLED = {"taken": State.ENDED, "waiting": State.RECORDED, "crm": State.RECORDED}
"""Calls of the unprocessed events, with the state after them."""

WITHOUT_RECORDING = {"live", "ended", "by-ingress", "taken", "unrecorded"}
PARKED = {"wavv-call-recorded": "ngmt_parked"}
"""The engagement whose transcript webhook came before the response to its request."""


@dataclass
class Elephant:
    """An AskElephant that has the old engagements and accepts every request."""

    made: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Return the engagement, complete."""
        if request.method == "POST":
            body = json.loads(request.content)
            self.made.append(body)
            engagement_id = PARKED.get(body["external_id"], f"ngmt_new{len(self.made)}")
            return httpx.Response(201, json=shown(engagement_id, body["external_url"]))
        return httpx.Response(200, json=shown(request.url.path.rpartition("/")[2]))


def shown(engagement_id: str, external_url: str | None = None) -> dict[str, Any]:
    """Return a transcribed engagement with both kinds of insights."""
    return {
        "object": "engagement",
        "id": engagement_id,
        "external_url": external_url,
        "processing_status": "COMPLETED",
        "action_items": [{"id": "ai_1", "title": "Send the offer"}],
        "signals": [{"id": "sig_1", "name": "Budget", "values": [{"value": True}]}],
        "transcript": "Ada: Hello.",
    }


def load(redis: Redis, namespace: str) -> None:
    """Write the keys of the dump with their expiry."""
    for name, held in DUMP["keys"].items():
        key = f"{namespace}:{name}"
        WRITERS[held["type"]](redis, key, held["value"])
        if "ttl" in held:
            redis.pexpire(key, held["ttl"])


def _string(redis: Redis, key: str, value: str) -> None:
    redis.set(key, value)


def _hash(redis: Redis, key: str, value: dict[Any, Any]) -> None:
    redis.hset(key, mapping=value)


def _set(redis: Redis, key: str, value: list[str]) -> None:
    redis.sadd(key, *value)


def _sorted(redis: Redis, key: str, value: dict[Any, float]) -> None:
    redis.zadd(key, value)


def _stream(redis: Redis, key: str, value: dict[str, Any]) -> None:
    """Write the entries under their ids, and assign the unacknowledged ones to their consumers."""
    for entry, fields in value["entries"]:
        redis.xadd(key, fields, id=entry)
    idle = int(TAKEN_FOR.total_seconds() * 1000)
    for group in value["groups"]:
        redis.xgroup_create(key, group["name"], id=group["last"], entries_read=group["read"])
        for one in group["pending"]:
            redis.xclaim(
                key, group["name"], one["consumer"], 0, [one["id"]],
                idle=idle, retrycount=one["times"], force=True,
            )  # fmt: skip


WRITERS: Mapping[str, Callable[[Redis, str, Any], None]] = {
    "string": _string,
    "hash": _hash,
    "set": _set,
    "zset": _sorted,
    "stream": _stream,
}


@pytest.fixture
def rest() -> Iterator[WavvRest]:
    """Run WAVV's API with the recording that the old version waited for."""
    with running_wavv() as running:
        running.ready.add("awaited")
        yield running


@pytest.fixture
def elephant() -> Elephant:
    """Give an AskElephant that has the old engagements."""
    return Elephant()


@pytest.fixture
def upgraded(operated: Operated, rest: WavvRest, elephant: Elephant) -> Operated:
    """Start this version on the old store, a minute later."""
    bridge = operated.bridge
    load(bridge.services.redis, bridge.services.settings.namespace)
    bridge.clock.time = WRITTEN_AT + timedelta(minutes=1)
    bridge.change_settings(wavv_api_key=KEY, wavv_base_url=rest.url)
    bridge.services.elephant.close()
    options = elephant_options(bridge.services.settings)
    client = ElephantClient(options, transport=httpx.MockTransport(elephant))
    bridge.services = replace(bridge.services, elephant=client)
    return operated


def record(bridge: Bridge, call_id: str) -> Call:
    """Return a call's record."""
    found = bridge.services.calls.load(call_id)
    assert found is not None, call_id
    return found


def pass_time(bridge: Bridge, span: timedelta, step: timedelta = timedelta(minutes=2)) -> None:
    """Move the clock by ``span``, with a sweep and the workers' tasks after each step."""
    for _ in range(span // step):
        bridge.clock.time += step
        bridge.sweep()
        bridge.work(by=bridge.clock())


def test_every_record_is_read_with_its_state_reason_and_metadata(upgraded: Operated) -> None:
    """Every record is read with its state, reason and metadata."""
    names = {key.partition(":")[2] for key in DUMP["keys"] if key.startswith("call:")}
    assert names == WRITTEN.keys()
    for call_id, written in WRITTEN.items():
        call = record(upgraded.bridge, call_id)
        assert (call.state, call.reason) == written
        raw = json.loads(DUMP["keys"][f"call:{call_id}"]["value"].partition("\n")[2])
        stored = raw.get("metadata", {})
        assert call.metadata.model_dump(mode="json", exclude_unset=True) == stored
        assert [entry.what for entry in call.timeline] == [one["what"] for one in raw["timeline"]]


def test_every_call_is_listed_and_shown(upgraded: Operated) -> None:
    """Every call is listed and shown with its insights, and so are dead letters."""
    http = upgraded.http
    listed = http.get("/api/calls?limit=100").json()["data"]
    assert {call["call_id"] for call in listed} == WRITTEN.keys()
    for state in State:
        page = http.get("/api/calls", params={"state": state, "limit": 100}).json()["data"]
        of_state = {name for name, (of, _) in WRITTEN.items() if of is state}
        assert {call["call_id"] for call in page} == of_state
    for call_id, written in WRITTEN.items():
        detail = http.get(f"/api/calls/{call_id}").json()
        assert (detail["state"], detail["reason"]) == written
        stored = json.loads(DUMP["keys"].get(f"insights:{call_id}", {}).get("value", "{}"))
        insights = http.get(f"/api/calls/{call_id}/insights").json()
        assert insights["action_items"] == stored.get("action_items", [])
        assert insights["signals"] == stored.get("signals", [])
    (aside,) = http.get("/api/events/set-aside").json()
    assert aside["raw"] == '{"event": "call.ended", "data": {}}'
    assert http.get("/api/stats").status_code == 200


def test_events_that_were_stored_and_not_handled_are_handled(upgraded: Operated) -> None:
    """Stored events are processed, also those of a worker that is gone."""
    bridge = upgraded.bridge
    waiting = bridge.services.inbox.backlog().waiting
    assert waiting == len(_unhandled())
    bridge.drain()
    assert bridge.services.inbox.backlog().waiting == 0
    for call_id, state in UNHANDLED.items():
        assert record(bridge, call_id).state is state
    assert record(bridge, "submitted-with-event~no-webhook").state is State.TRANSCRIBED


def test_every_call_that_waited_is_brought_to_its_end(
    upgraded: Operated, elephant: Elephant
) -> None:
    """Every unfinished call ends, and no call is submitted twice."""
    bridge = upgraded.bridge
    bridge.drain()
    pass_time(bridge, timedelta(hours=2))
    resting = {State.SKIPPED, State.FAILED, State.UNRECORDED}
    for call_id in WRITTEN.keys() | UNHANDLED.keys():
        call = record(bridge, call_id)
        if call_id in WITHOUT_RECORDING or WRITTEN.get(call_id, (None,))[0] in resting:
            assert call.engagement_id is None or call.state is State.FAILED, call_id
            continue
        assert (call.state, call.reason, call.held) == (State.COMPLETE, None, False), call_id
    sent = sorted(body["external_id"] for body in elephant.made)
    unsent = {name for name, (state, _) in WRITTEN.items() if state is State.RECORDED}
    assert sent == sorted(f"wavv-call-{name}" for name in unsent | {"waiting", "crm"})


def test_a_later_event_is_merged_into_a_record_of_before(upgraded: Operated) -> None:
    """A later event is merged into an old record by its stamps."""
    bridge = upgraded.bridge
    ended = bridge.dial(call_id="ended")
    earlier = replace(ended, started_at=WRITTEN_AT - timedelta(days=1))
    earlier = replace(earlier, answered_at=earlier.started_at)
    bridge.receive(ended, Kind.ENDED, disposition="Interested")
    bridge.drain()
    bridge.receive(earlier, Kind.ENDED, disposition="Not interested")
    bridge.drain()
    assert record(bridge, "ended").metadata.disposition == "Interested"


def test_a_transcript_event_that_was_parked_finds_its_call(upgraded: Operated) -> None:
    """A parked transcript webhook finds its call after the response of the next request."""
    bridge = upgraded.bridge
    bridge.drain()
    bridge.sweep()
    bridge.work(until=lambda: record(bridge, "recorded").state is State.TRANSCRIBED)
    call = record(bridge, "recorded")
    assert call.engagement_id == "ngmt_parked"
    assert "transcript.ready" in [entry.what for entry in call.timeline]


@pytest.mark.parametrize("call_id", ["refused~reject", "processing-failed~failed"])
def test_a_failed_call_is_replayed(upgraded: Operated, elephant: Elephant, call_id: str) -> None:
    """A failed call has its problem and request until it is replayed."""
    bridge = upgraded.bridge
    assert record(bridge, call_id).problem or call_id.endswith("~failed")
    assert upgraded.http.post(f"/api/calls/{call_id}/replay").status_code == 202
    pass_time(bridge, timedelta(minutes=30))
    assert record(bridge, call_id).state is State.COMPLETE
    assert f"wavv-call-{call_id}" in {body["external_id"] for body in elephant.made}


def test_a_call_whose_recording_never_came_ends_at_its_deadline(upgraded: Operated) -> None:
    """A call without a recording ends at the deadline that the old version stored."""
    bridge = upgraded.bridge
    bridge.drain()
    pass_time(bridge, timedelta(hours=26), step=timedelta(hours=1))
    for call_id in WITHOUT_RECORDING:
        assert record(bridge, call_id).state is State.UNRECORDED, call_id


def _unhandled() -> list[str]:
    """Return the entries that no worker of the old version had finished."""
    (group,) = DUMP["keys"]["inbox"]["value"]["groups"]
    entries = [entry for entry, _ in DUMP["keys"]["inbox"]["value"]["entries"]]
    untaken = entries[entries.index(group["last"]) + 1 :]
    return [one["id"] for one in group["pending"]] + untaken
