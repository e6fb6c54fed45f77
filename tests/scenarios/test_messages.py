"""The messages in the broker hold ids, and no personal data."""

from bridge.simulator.wavv.samples import SampleCall
from tests.support.broker_messages import Message, Messages
from tests.support.leaks import private
from tests.support.stack import Stack
from tests.support.waiting import wait_for

DRAIN, SUBMIT = "tasks.intake.drain", "tasks.submit.submit_recording"
INSIGHTS = "tasks.insights.fetch_insights"


def test_waiting_messages_hold_ids_only(solo: Stack, messages: Messages) -> None:
    """Without a worker, the wake-up message has no arguments, and a step has the call's id."""
    done = solo.bridge.send_call(solo.call())
    solo.bridge.reaches(done, "complete")
    solo.processes["worker"].stop()
    new = solo.bridge.send_call(solo.call())
    solo.bridge.replay(done.call_id)
    found = wait_for(
        lambda: _all(messages),
        lambda seen: {(DRAIN,), (SUBMIT, done.call_id)} <= {*map(_task, seen)},
        "both messages wait",
    )
    _check(found, solo.calls)
    solo.start("worker")
    for call in (done, new):
        solo.bridge.reaches(call, "complete")


def test_messages_with_a_countdown_hold_ids_only(solo: Stack, messages: Messages) -> None:
    """Messages with a countdown, in a worker or in RabbitMQ, hold only ids."""
    call = solo.bridge.send_call(solo.call("no-insights"))
    found = wait_for(
        lambda: _all(messages),
        lambda seen: (INSIGHTS, call.call_id) in map(_task, seen),
        "a fetch waits for its time",
    )
    _check(found, solo.calls)
    solo.bridge.reaches(call, "complete")


def test_a_wait_of_more_than_minutes_is_no_message(solo: Stack, messages: Messages) -> None:
    """A wait of more than minutes is only a due time on the record, not a message.

    The transcript is some seconds late, and would be polled for in ten minutes.
    """
    solo.restart("worker", BRIDGE_TRANSCRIPT_POLL_AFTER="600", BRIDGE_TRANSCRIPT_DEADLINE="600")
    call = solo.bridge.send_call(solo.call("late-webhook.1000"))
    solo.bridge.reaches(call, "submitted")
    wait_for(
        lambda: [one for one in _all(messages) if call.call_id in _task(one)],
        lambda found: found == [],
        "no message is about the call",
    )
    assert solo.bridge.call(call.call_id)["state"] == "submitted"
    solo.restart("worker")
    solo.bridge.reaches(call, "complete")


def _all(messages: Messages) -> list[Message]:
    """Return the waiting and the delayed messages."""
    return [*messages.waiting(), *messages.delayed()]


def _check(messages: list[Message], calls: list[SampleCall]) -> None:
    whole = "\n".join(message.whole for message in messages)
    assert not [value for call in calls for value in private(call) if value in whole]
    ids = {call.call_id for call in calls}
    assert {argument for message in messages for argument in message.arguments} <= ids


def _task(message: Message) -> tuple[str, ...]:
    """Return the task and its arguments."""
    return (message.task, *message.arguments)
