"""The benchmark's stores by the million hold what the bridge itself would have written."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bench.fill import INSIGHTS, fill, finished_call, held_call, numbered, parts_of
from bridge.domain.call import FORMAT, State
from bridge.domain.steps import EXPIRE, SUBMIT
from bridge.domain.steps import INSIGHTS as FETCH
from bridge.parts import Parts

COUNT = 7
UNTIL = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
def parts(valkey_url: str) -> Iterator[Parts]:
    """Give the bridge's parts on an empty store, as a benchmark has them."""
    parts = parts_of(valkey_url)
    for key in parts.redis.scan_iter("bench:*"):
        parts.redis.delete(key)
    yield parts
    parts.redis.close()


def test_held_calls_wait_for_their_submission(parts: Parts) -> None:
    """Each is a record of its own, due when the hold may end."""
    template = held_call(parts, UNTIL)
    fill(parts, template, COUNT)
    found = [call for _, call in parts.lookup.newest(None, None, None)]
    assert [call.but(version=0) for call in reversed(found)] == [
        numbered(template, number).but(format=FORMAT) for number in range(COUNT)
    ]
    assert {(call.state, call.held, call.due_at) for call in found} == {
        (State.RECORDED, True, UNTIL)
    }
    assert parts.lookup.overdue(UNTIL) == {EXPIRE.name: 0, SUBMIT.name: COUNT, FETCH.name: 0}


def test_finished_calls_rest_with_their_insights(parts: Parts) -> None:
    """They are found by engagement, and nothing of them is due."""
    template = finished_call(parts)
    fill(parts, template, COUNT, INSIGHTS)
    call = parts.lookup.by_engagement(numbered(template, 3).engagement_id or "", None)
    assert call is not None
    assert call.call_id == numbered(template, 3).call_id
    assert parts.calls.insights(call) == INSIGHTS
    assert parts.lookup.counts()[State.COMPLETE] == COUNT
    assert set(parts.lookup.overdue(UNTIL).values()) == {0}


def test_a_filled_call_can_be_saved_again(parts: Parts) -> None:
    """The version is the one that the store's own script compares."""
    template = held_call(parts, UNTIL)
    fill(parts, template, 1)
    call_id = numbered(template, 0).call_id
    saved = parts.calls.update(call_id, lambda found: found and found.but(reason="changed"))
    assert saved is not None
    assert saved.version == 2
