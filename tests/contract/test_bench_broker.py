"""The benchmark's look into the broker: what names a call's step, queued or taken."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bench.broker import look
from bench.fill import parts_of, schedule_fetches
from bridge.broker import BridgeCelery
from bridge.domain.steps import INSIGHTS, SUBMIT
from bridge.parts import Parts
from bridge.publisher import DRAIN
from config.broker import QUEUE, broker_options
from tests.contract.published import Clock, Published


@pytest.fixture
def parts(valkey_url: str) -> Iterator[Parts]:
    """Give the bridge's parts on an empty store and broker, as a benchmark has them."""
    parts = parts_of(valkey_url)
    for key in parts.redis.scan_iter("bench:*"):
        parts.redis.delete(key)
    yield parts
    parts.redis.close()


def test_every_message_that_names_a_step_counts(parts: Parts) -> None:
    """A step that was published twice is named twice; other tasks name no call."""
    parts.publisher.publish(SUBMIT.task, "a", "b")
    parts.publisher.publish(SUBMIT.task, "b", countdown=60)
    parts.publisher.publish(INSIGHTS.task, "a")
    parts.publisher.publish(DRAIN)
    seen = look(parts.redis)
    assert seen.named == {(SUBMIT.task, "a"): 1, (SUBMIT.task, "b"): 2, (INSIGHTS.task, "a"): 1}
    assert (seen.messages, seen.most) == (4, 2)


def test_a_message_counts_until_it_is_acknowledged(parts: Parts) -> None:
    """A worker that has taken it, or keeps it for its countdown, still has it."""
    parts.publisher.publish(SUBMIT.task, "a")
    app = BridgeCelery("bench", set_as_current=False)
    app.conf.update(broker_options(parts.settings))
    with app.connection_for_read() as connection:
        message = app.amqp.queues[QUEUE](connection.channel()).get(no_ack=False)
        assert message is not None
        assert parts.redis.llen(f"bench:{QUEUE}") == 0
        assert look(parts.redis).named == {(SUBMIT.task, "a"): 1}
        message.ack()
        assert look(parts.redis).named == {}


def test_an_empty_broker_has_nothing(parts: Parts) -> None:
    """No key is there at all."""
    assert (look(parts.redis).messages, look(parts.redis).most) == (0, 0)


def test_fetches_are_scheduled_as_the_bridge_schedules_them(parts: Parts) -> None:
    """Each is due in the store and named by one message with a countdown."""
    before = time.monotonic()
    due = schedule_fetches(parts, 5, seconds=50)
    waits = [at - before for at in due.values()]
    assert waits == pytest.approx([10, 20, 30, 40, 50], abs=5)
    calls = parts.calls.load_many(call_id for _, call_id in look(parts.redis).named)
    assert {call.engagement_id for call in calls} == due.keys()
    now = parts.now()
    stored = [(call.due_at - now).total_seconds() for call in calls if call.due_at]
    assert sorted(stored) == pytest.approx([10, 20, 30, 40, 50], abs=5)
    assert (look(parts.redis).messages, look(parts.redis).most) == (5, 1)


class SlowBroker(Published):
    """A broker that takes a second for each message."""

    def publish(self, task: str, *args: str, countdown: float = 0) -> None:
        """Write the task down, and let time pass."""
        super().publish(task, *args, countdown=countdown)
        self.clock.wait(seconds=1)


def test_a_message_comes_at_its_due_time_however_long_publishing_takes(parts: Parts) -> None:
    """Else the benchmark's own delay would be measured as the bridge's."""
    clock = Clock(parts.now())
    published = SlowBroker(clock)
    slow = replace(parts, now=clock, publisher=published)
    due = schedule_fetches(slow, 5, seconds=50)
    calls = [parts.lookup.by_engagement(engagement_id, None) for engagement_id in due]
    stored = [call.due_at for call in calls if call is not None]
    assert [message.at for message in published.messages] == stored
