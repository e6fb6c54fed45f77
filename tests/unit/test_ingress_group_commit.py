"""Group commit: shared round trips, and an answer of one's own for each event."""

import asyncio
from collections.abc import Sequence

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError
from structlog.testing import capture_logs

from bridge.errors import NotStored
from bridge.ingress import group_commit as commit_module
from bridge.ingress.group_commit import BATCH, MOST_WAITING
from tests.support.group_commit import DUPLICATE, NEW, FakeRedis, Fixture, bodies, play


def told(results: Sequence[object]) -> list[object]:
    """Return what each request was told: new, not new, or the reason why not."""
    return [result.reason if isinstance(result, NotStored) else result for result in results]


async def arrive(scenario: Fixture, *raws: bytes) -> list[asyncio.Task[bool]]:
    """Let events arrive, and the writer take what it can."""
    tasks = [scenario.add(raw) for raw in raws]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


def test_the_first_goes_at_once_and_the_others_share_the_next_round_trip() -> None:
    """No timer: thin traffic waits for nothing, and a crowd forms a batch."""
    redis = FakeRedis()

    async def scenario(made: Fixture) -> None:
        first = await arrive(made, b"0")
        others = await arrive(made, b"1", b"2", b"3")
        redis.gate.set()
        assert await asyncio.gather(*first, *others) == [True] * 4

    assert play(redis, scenario).wakeups == 2
    assert redis.batches == [[b"0"], [b"1", b"2", b"3"]]


def test_a_batch_is_bounded() -> None:
    """One round trip carries 256 events at most."""
    redis = FakeRedis()
    redis.gate.set()

    async def scenario(made: Fixture) -> None:
        await asyncio.gather(*(made.add(raw) for raw in bodies(600)))

    play(redis, scenario)
    assert [len(batch) for batch in redis.batches] == [BATCH, BATCH, 600 - 2 * BATCH]


def test_each_request_is_answered_on_its_own_write() -> None:
    """Two events stored, one known already: three answers of one round trip."""
    redis = FakeRedis(known=frozenset({b"1"}))
    redis.gate.set()

    async def scenario(made: Fixture) -> None:
        assert await asyncio.gather(*map(made.add, bodies(3))) == [NEW, DUPLICATE, NEW]

    assert play(redis, scenario).wakeups == 1
    assert redis.batches == [bodies(3)]


def test_no_wakeup_while_one_is_pending() -> None:
    """The store knows whether the workers have been told and have not looked yet."""
    redis = FakeRedis(wakeups=False)
    redis.gate.set()

    async def scenario(made: Fixture) -> None:
        assert await made.add(b"0") is NEW

    assert play(redis, scenario).wakeups == 0


@pytest.mark.parametrize(
    "error", [RedisConnectionError("gone"), OSError("gone"), TimeoutError(), RuntimeError("a bug")]
)
def test_a_failed_round_trip_fails_all_who_wait(error: Exception) -> None:
    """Also those behind it, and whatever it was; those who come later have a new try."""
    redis = FakeRedis(error=error)

    async def scenario(made: Fixture) -> None:
        waiting = [*await arrive(made, b"0"), *await arrive(made, *bodies(300)[1:])]
        redis.gate.set()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert told(results) == ["store_unavailable"] * 300
        assert await made.add(b"later") is True

    assert play(redis, scenario).wakeups == 1
    assert redis.batches == [[b"0"], [b"later"]]


def test_a_round_trip_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the client below would wait for: senders give up after ten seconds."""
    monkeypatch.setattr(commit_module, "COMMIT_SECONDS", 0.01)

    async def scenario(made: Fixture) -> None:
        results = await asyncio.gather(*map(made.add, bodies(3)), return_exceptions=True)
        assert told(results) == ["store_unavailable"] * 3

    assert play(FakeRedis(), scenario).wakeups == 0


def test_too_many_waiting_are_sent_away_at_once() -> None:
    """The bound keeps a slow Redis from filling the memory; those inside are served."""
    redis = FakeRedis()

    async def scenario(made: Fixture) -> None:
        inside = [*await arrive(made, b"first"), *await arrive(made, *bodies(MOST_WAITING))]
        with pytest.raises(NotStored) as caught:
            await made.add(b"one too many")
        assert (caught.value.reason, caught.value.status) == ("ingress_full", 503)
        redis.gate.set()
        assert all(await asyncio.gather(*inside))

    play(redis, scenario)


def test_an_event_whose_request_was_cancelled_is_stored_all_the_same() -> None:
    """And harms none of those that share its batch."""
    redis = FakeRedis()

    async def scenario(made: Fixture) -> None:
        await arrive(made, b"0")
        gone, stays = await arrive(made, b"1", b"2")
        gone.cancel()
        redis.gate.set()
        assert await stays is True

    play(redis, scenario)
    assert redis.batches == [[b"0"], [b"1", b"2"]]


def test_closing_waits_for_what_was_accepted() -> None:
    """At shutdown, nothing is left half-way."""
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
    """Not the one that happened to start the writer."""
    redis = FakeRedis(error=OutOfMemoryError("OOM"))
    redis.gate.set()

    async def scenario(made: Fixture) -> None:
        await asyncio.gather(*map(made.add, bodies(2)), return_exceptions=True)

    with capture_logs() as lines:
        play(redis, scenario)
    assert [line["request_id"] for line in lines] == ["of-b'0'", "of-b'1'"]
    assert {line["error"] for line in lines} == {"OutOfMemoryError"}
