"""What lies in the broker: ids, and nothing of anybody."""

import base64
import json
from collections.abc import Iterator

import pytest
from redis import Redis

from bridge.store.connection import connect
from bridge.wavv.samples import SampleCall
from tests.scenarios.leaks import private
from tests.scenarios.stack import Stack
from tests.scenarios.waiting import wait_for

DRAIN, SUBMIT = "tasks.intake.drain", "tasks.submit.submit_recording"
QUEUES = ("solo:quick", "solo:celery")
INSIGHTS = "tasks.insights.fetch_insights"


@pytest.fixture
def broker(valkey: str) -> Iterator[Redis]:
    """Connect to the broker itself: no API shows its messages."""
    with connect(valkey) as client:
        yield client


def test_waiting_messages_hold_ids_only(solo: Stack, broker: Redis) -> None:
    """With no worker to take them: the poke has no arguments, a step has the call's id."""
    done = solo.bridge.tell(solo.call())
    solo.bridge.reaches(done, "complete")
    solo.processes["worker"].stop()
    new = solo.bridge.tell(solo.call())
    solo.bridge.replay(done.call_id)
    found = wait_for(
        lambda: _all(broker),
        lambda raw: {(DRAIN,), (SUBMIT, done.call_id)} <= {*map(_asked, raw)},
        "both messages wait",
    )
    _check(found, solo.calls)
    solo.start("worker")
    for call in (done, new):
        solo.bridge.reaches(call, "complete")


def test_messages_with_a_countdown_hold_ids_only(solo: Stack, broker: Redis) -> None:
    """Taken by a worker, and waiting there for their time."""
    call = solo.bridge.tell(solo.call("no-insights"))
    found = wait_for(
        lambda: _all(broker),
        lambda raw: (INSIGHTS, call.call_id) in map(_asked, raw),
        "a fetch waits in a worker",
    )
    _check(found, solo.calls)
    solo.bridge.reaches(call, "complete")


def test_a_wait_of_more_than_minutes_is_no_message(solo: Stack, broker: Redis) -> None:
    """It would lie in a worker's memory all the while: the record's due time is enough.

    The transcript is some seconds late, and would be asked for in ten minutes.
    """
    solo.restart("worker", BRIDGE_TRANSCRIPT_POLL_AFTER="600", BRIDGE_TRANSCRIPT_DEADLINE="600")
    call = solo.bridge.tell(solo.call("late-webhook.1000"))
    solo.bridge.reaches(call, "submitted")
    wait_for(
        lambda: [one for one in _all(broker) if call.call_id in _asked(one)],
        lambda found: found == [],
        "no message is about the call",
    )
    assert solo.bridge.call(call.call_id)["state"] == "submitted"
    solo.restart("worker")
    solo.bridge.reaches(call, "complete")


def _all(broker: Redis) -> list[str]:
    """Return the messages that wait, and those that workers have taken."""
    waiting = [_text(raw) for key in QUEUES for raw in broker.lrange(key, 0, -1)]
    taken = [json.dumps(json.loads(_text(raw))[0]) for raw in broker.hvals("solo:unacked")]
    return waiting + taken


def _check(messages: list[str], calls: list[SampleCall]) -> None:
    whole = "\n".join([*messages, *map(_body, messages)])
    assert not [value for call in calls for value in private(call) if value in whole]
    ids = {call.call_id for call in calls}
    assert {argument for message in messages for argument in _asked(message)[1:]} <= ids


def _asked(message: str) -> tuple[str, ...]:
    """Return the task and its arguments."""
    arguments, keywords, _ = json.loads(_body(message))
    assert keywords == {}
    return (json.loads(message)["headers"]["task"], *arguments)


def _body(message: str) -> str:
    return base64.b64decode(json.loads(message)["body"]).decode()


def _text(raw: object) -> str:
    assert isinstance(raw, bytes)
    return raw.decode()
