"""The benchmark writes the store as the bridge does, and reads the broker."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bench.broker import look
from bench.fill import (
    INSIGHTS,
    fill,
    finished_call,
    held_call,
    numbered,
    schedule_fetches,
    services_of,
)
from bridge.broker.celery_app import BridgeCelery
from bridge.broker.publisher import DRAIN
from bridge.domain.call import FORMAT, State
from bridge.domain.steps import EXPIRE, SUBMIT
from bridge.domain.steps import INSIGHTS as FETCH
from bridge.services import Services
from config.broker import QUEUE, broker_options

COUNT = 7
UNTIL = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
def services(valkey_url: str) -> Iterator[Services]:
    """Give the bridge's services on an empty store and broker, as the benchmark uses them."""
    services = services_of(valkey_url)
    for key in services.redis.scan_iter("bench:*"):
        services.redis.delete(key)
    yield services
    services.redis.close()


def test_every_message_that_names_a_step_counts(services: Services) -> None:
    """Each message that names a step of a call is counted; other tasks name no call."""
    services.publisher.publish(SUBMIT.task, "a", "b")
    services.publisher.publish(SUBMIT.task, "b", countdown=60)
    services.publisher.publish(FETCH.task, "a")
    services.publisher.publish(DRAIN)
    seen = look(services.redis)
    assert seen.named == {(SUBMIT.task, "a"): 1, (SUBMIT.task, "b"): 2, (FETCH.task, "a"): 1}
    assert (seen.messages, seen.most) == (4, 2)


def test_a_message_counts_until_it_is_acknowledged(services: Services) -> None:
    """A message is counted until a worker has acknowledged it."""
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


def test_fetches_are_scheduled_as_the_bridge_schedules_them(services: Services) -> None:
    """Scheduled fetches are due in the store, and each has one message with a countdown."""
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


def test_held_calls_wait_for_their_submission(services: Services) -> None:
    """Held calls are written as the bridge writes them, due when the hold may end."""
    template = held_call(services, UNTIL)
    fill(services, template, COUNT)
    found = [call for _, call in services.lookup.newest(None, None, None)]
    assert [call.but(version=0) for call in reversed(found)] == [
        numbered(template, number).but(format=FORMAT) for number in range(COUNT)
    ]
    assert {(call.state, call.held, call.due_at) for call in found} == {
        (State.RECORDED, True, UNTIL)
    }
    assert services.lookup.overdue(UNTIL) == {EXPIRE.name: 0, SUBMIT.name: COUNT, FETCH.name: 0}


def test_finished_calls_rest_with_their_insights(services: Services) -> None:
    """Finished calls are found by engagement, have insights, and nothing of them is due."""
    template = finished_call(services)
    fill(services, template, COUNT, INSIGHTS)
    call = services.lookup.by_engagement(numbered(template, 3).engagement_id or "", None)
    assert call is not None
    assert call.call_id == numbered(template, 3).call_id
    assert services.calls.insights(call) == INSIGHTS
    assert services.lookup.counts()[State.COMPLETE] == COUNT
    assert set(services.lookup.overdue(UNTIL).values()) == {0}
