"""The benchmark's stores by the million hold what the bridge itself would have written."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bench.fill import INSIGHTS, fill, finished_call, held_call, numbered, services_of
from bridge.domain.call import FORMAT, State
from bridge.domain.steps import EXPIRE, SUBMIT
from bridge.domain.steps import INSIGHTS as FETCH
from bridge.services import Services

COUNT = 7
UNTIL = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
def services(valkey_url: str) -> Iterator[Services]:
    """Give the bridge's services on an empty store, as a benchmark has them."""
    services = services_of(valkey_url)
    for key in services.redis.scan_iter("bench:*"):
        services.redis.delete(key)
    yield services
    services.redis.close()


def test_held_calls_wait_for_their_submission(services: Services) -> None:
    """Each is a record of its own, due when the hold may end."""
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
    """They are found by engagement, and nothing of them is due."""
    template = finished_call(services)
    fill(services, template, COUNT, INSIGHTS)
    call = services.lookup.by_engagement(numbered(template, 3).engagement_id or "", None)
    assert call is not None
    assert call.call_id == numbered(template, 3).call_id
    assert services.calls.insights(call) == INSIGHTS
    assert services.lookup.counts()[State.COMPLETE] == COUNT
    assert set(services.lookup.overdue(UNTIL).values()) == {0}


def test_a_filled_call_can_be_saved_again(services: Services) -> None:
    """The version is the one that the store's own script compares."""
    template = held_call(services, UNTIL)
    fill(services, template, 1)
    call_id = numbered(template, 0).call_id
    saved = services.calls.update(call_id, lambda found: found and found.but(reason="changed"))
    assert saved is not None
    assert saved.version == 2
