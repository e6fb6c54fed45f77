"""Tests for group commit: events share round trips, and each request gets its result."""

import asyncio
from collections.abc import Sequence

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError
from structlog.testing import capture_logs

from bridge.errors import NotStoredError
from bridge.ingress import group_commit as commit_module
from bridge.ingress.group_commit import BATCH, MOST_WAITING
from tests.support.group_commit import DUPLICATE, NEW, FakeRedis, Fixture, bodies, play


def results_of(results: Sequence[object]) -> list[object]:
    """Return each result, or the reason for which the event was not stored."""
    return [result.reason if isinstance(result, NotStoredError) else result for result in results]


async def arrive(scenario: Fixture, *raws: bytes) -> list[asyncio.Task[bool]]:
    """Let events arrive and the writer start a batch."""
    tasks = [scenario.add(raw) for raw in raws]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


def test_the_first_goes_at_once_and_the_others_share_the_next_round_trip() -> None:
    """The first event is written at once, and those that arrive during the write share the next."""
    redis = FakeRedis()

    async def scenario(made: Fixture) -> None:
        first = await arrive(made, b"0")
        others = await arrive(made, b"1", b"2", b"3")
        redis.gate.set()
        assert await asyncio.gather(*first, *others) == [True] * 4

    assert play(redis, scenario).wakeups == 2
    assert redis.batches == [[b"0"], [b"1", b"2", b"3"]]


def test_a_batch_is_bounded() -> None:
    """A round trip carries at most 256 events."""
    redis = FakeRedis()
    redis.gate.set()

    async def scenario(made: Fixture) -> None:
        await asyncio.gather(*(made.add(raw) for raw in bodies(600)))

    play(redis, scenario)
    assert [len(batch) for batch in redis.batches] == [BATCH, BATCH, 600 - 2 * BATCH]


def test_each_request_gets_the_result_of_its_write() -> None:
    """New and known events of one batch get their own results."""
    redis = FakeRedis(known=frozenset({b"1"}))
    redis.gate.set()

    async def scenario(made: Fixture) -> None:
        assert await asyncio.gather(*map(made.add, bodies(3))) == [NEW, DUPLICATE, NEW]

    assert play(redis, scenario).wakeups == 1
    assert redis.batches == [bodies(3)]


def test_no_wakeup_while_one_is_pending() -> None:
    """No wakeup is published when the store reports that one is pending."""
    redis = FakeRedis(wakeups=False)
    redis.gate.set()

    async def scenario(made: Fixture) -> None:
        assert await made.add(b"0") is NEW

    assert play(redis, scenario).wakeups == 0


@pytest.mark.parametrize(
    "error", [RedisConnectionError("gone"), OSError("gone"), TimeoutError(), RuntimeError("a bug")]
)
def test_a_failed_round_trip_fails_all_waiting_events(error: Exception) -> None:
    """An error fails the events of the batch and those waiting; later events are tried again."""
    redis = FakeRedis(error=error)

    async def scenario(made: Fixture) -> None:
        waiting = [*await arrive(made, b"0"), *await arrive(made, *bodies(300)[1:])]
        redis.gate.set()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert results_of(results) == ["store_unavailable"] * 300
        assert await made.add(b"later") is True

    assert play(redis, scenario).wakeups == 1
    assert redis.batches == [[b"0"], [b"later"]]


def test_a_round_trip_without_end_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A round trip without a response fails its events after ``COMMIT_SECONDS``."""
    monkeypatch.setattr(commit_module, "COMMIT_SECONDS", 0.01)

    async def scenario(made: Fixture) -> None:
        results = await asyncio.gather(*map(made.add, bodies(3)), return_exceptions=True)
        assert results_of(results) == ["store_unavailable"] * 3

    assert play(FakeRedis(), scenario).wakeups == 0


def test_events_beyond_the_limit_are_rejected_at_once() -> None:
    """An event beyond the limit gets 503 at once, and the waiting ones are stored."""
    redis = FakeRedis()

    async def scenario(made: Fixture) -> None:
        inside = [*await arrive(made, b"first"), *await arrive(made, *bodies(MOST_WAITING))]
        with pytest.raises(NotStoredError) as caught:
            await made.add(b"one too many")
        assert (caught.value.reason, caught.value.status) == ("ingress_full", 503)
        redis.gate.set()
        assert all(await asyncio.gather(*inside))

    play(redis, scenario)


def test_an_event_whose_request_was_cancelled_is_stored() -> None:
    """An event of a cancelled request is stored, and so are the others of its batch."""
    redis = FakeRedis()

    async def scenario(made: Fixture) -> None:
        await arrive(made, b"0")
        gone, stays = await arrive(made, b"1", b"2")
        gone.cancel()
        redis.gate.set()
        assert await stays is True

    play(redis, scenario)
    assert redis.batches == [[b"0"], [b"1", b"2"]]


def test_closing_waits_for_accepted_events() -> None:
    """``close`` returns when the accepted events are stored."""
    redis = FakeRedis()

    async def scenario(made: Fixture) -> None:
        tasks = [*await arrive(made, b"0"), *await arrive(made, b"1")]
        closing = asyncio.create_task(made.commit.close())
        await asyncio.sleep(0)
        assert not closing.done()
        redis.gate.set()
        await closing
        assert [task.result() for task in tasks] == [True, True]

    play(redis, scenario)


def test_a_log_line_names_the_request_whose_event_was_lost() -> None:
    """The log line of each lost event names the request of that event."""
    redis = FakeRedis(error=OutOfMemoryError("OOM"))
    redis.gate.set()

    async def scenario(made: Fixture) -> None:
        await asyncio.gather(*map(made.add, bodies(2)), return_exceptions=True)

    with capture_logs() as lines:
        play(redis, scenario)
    assert [line["request_id"] for line in lines] == ["of-b'0'", "of-b'1'"]
    assert {line["error"] for line in lines} == {"OutOfMemoryError"}
