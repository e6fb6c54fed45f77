"""The benchmark's look into the broker: what names a call's step, queued or taken."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bench.broker import look
from bench.fill import schedule_fetches, services_of
from bridge.broker.celery_app import BridgeCelery
from bridge.broker.publisher import DRAIN
from bridge.domain.steps import INSIGHTS, SUBMIT
from bridge.services import Services
from config.broker import QUEUE, broker_options
from tests.support.recording_publisher import Clock, Published


@pytest.fixture
def services(valkey_url: str) -> Iterator[Services]:
    """Give the bridge's services on an empty store and broker, as a benchmark has them."""
    services = services_of(valkey_url)
    for key in services.redis.scan_iter("bench:*"):
        services.redis.delete(key)
    yield services
    services.redis.close()


def test_every_message_that_names_a_step_counts(services: Services) -> None:
    """A step that was published twice is named twice; other tasks name no call."""
    services.publisher.publish(SUBMIT.task, "a", "b")
    services.publisher.publish(SUBMIT.task, "b", countdown=60)
    services.publisher.publish(INSIGHTS.task, "a")
    services.publisher.publish(DRAIN)
    seen = look(services.redis)
    assert seen.named == {(SUBMIT.task, "a"): 1, (SUBMIT.task, "b"): 2, (INSIGHTS.task, "a"): 1}
    assert (seen.messages, seen.most) == (4, 2)


def test_a_message_counts_until_it_is_acknowledged(services: Services) -> None:
    """A worker that has taken it, or keeps it for its countdown, still has it."""
    services.publisher.publish(SUBMIT.task, "a")
    app = BridgeCelery("bench", set_as_current=False)
    app.conf.update(broker_options(services.settings))
    with app.connection_for_read() as connection:
        message = app.amqp.queues[QUEUE](connection.channel()).get(no_ack=False)
        assert message is not None
        assert services.redis.llen(f"bench:{QUEUE}") == 0
        assert look(services.redis).named == {(SUBMIT.task, "a"): 1}
        message.ack()
        assert look(services.redis).named == {}


def test_an_empty_broker_has_nothing(services: Services) -> None:
    """No key is there at all."""
    assert (look(services.redis).messages, look(services.redis).most) == (0, 0)


def test_fetches_are_scheduled_as_the_bridge_schedules_them(services: Services) -> None:
    """Each is due in the store and named by one message with a countdown."""
    before = time.monotonic()
    due = schedule_fetches(services, 5, seconds=50)
    waits = [at - before for at in due.values()]
    assert waits == pytest.approx([10, 20, 30, 40, 50], abs=5)
    calls = services.calls.load_many(call_id for _, call_id in look(services.redis).named)
    assert {call.engagement_id for call in calls} == due.keys()
    now = services.now()
    stored = [(call.due_at - now).total_seconds() for call in calls if call.due_at]
    assert sorted(stored) == pytest.approx([10, 20, 30, 40, 50], abs=5)
    assert (look(services.redis).messages, look(services.redis).most) == (5, 1)


class SlowBroker(Published):
    """A broker that takes a second for each message."""

    def publish(self, task: str, *args: str, countdown: float = 0) -> None:
        """Write the task down, and let time pass."""
        super().publish(task, *args, countdown=countdown)
        self.clock.wait(seconds=1)


def test_a_message_comes_at_its_due_time_however_long_publishing_takes(services: Services) -> None:
    """Else the benchmark's own delay would be measured as the bridge's."""
    clock = Clock(services.now())
    published = SlowBroker(clock)
    slow = replace(services, now=clock, publisher=published)
    due = schedule_fetches(slow, 5, seconds=50)
    calls = [services.lookup.by_engagement(engagement_id, None) for engagement_id in due]
    stored = [call.due_at for call in calls if call is not None]
    assert [message.at for message in published.messages] == stored
