"""Group commit: shared round trips, and an answer of one's own for each event."""

import asyncio
from collections.abc import Sequence

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, OutOfMemoryError
from structlog.testing import capture_logs

from bridge.errors import NotStored
from bridge.ingress import commit as commit_module
from bridge.ingress.commit import BATCH, MOST_WAITING
from tests.unit.commit_scene import DUPLICATE, NEW, Breaks, FakeRedis, Scene, bodies, play


def told(results: Sequence[object]) -> list[object]:
    """Return what each request was told: new, not new, or the reason why not."""
    return [result.reason if isinstance(result, NotStored) else result for result in results]


async def arrive(scene: Scene, *raws: bytes) -> list[asyncio.Task[bool]]:
    """Let events arrive, and the writer take what it can."""
    tasks = [scene.add(raw) for raw in raws]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


def test_the_first_goes_at_once_and_the_others_share_the_next_round_trip() -> None:
    """No timer: thin traffic waits for nothing, and a crowd forms a batch."""
    redis = FakeRedis()

    async def scene(made: Scene) -> None:
        first = await arrive(made, b"0")
        others = await arrive(made, b"1", b"2", b"3")
        redis.gate.set()
        assert await asyncio.gather(*first, *others) == [True] * 4

    assert play(redis, scene).pokes == 2
    assert redis.batches == [[b"0"], [b"1", b"2", b"3"]]


def test_a_batch_is_bounded() -> None:
    """One round trip carries 256 events at most."""
    redis = FakeRedis()
    redis.gate.set()

    async def scene(made: Scene) -> None:
        await asyncio.gather(*(made.add(raw) for raw in bodies(600)))

    play(redis, scene)
    assert [len(batch) for batch in redis.batches] == [BATCH, BATCH, 600 - 2 * BATCH]


def test_each_request_is_answered_on_its_own_write() -> None:
    """One event stored, one known, one refused by a full Redis: three answers."""
    answers = {b"0": NEW, b"1": DUPLICATE, b"2": OutOfMemoryError("OOM"), b"3": NEW}
    redis = FakeRedis(script=lambda raw: answers[raw])
    redis.gate.set()

    async def scene(made: Scene) -> None:
        results = await asyncio.gather(*map(made.add, answers), return_exceptions=True)
        assert told(results) == [True, False, "store_unavailable", True]

    assert play(redis, scene).pokes == 1


@pytest.mark.parametrize(
    "error", [RedisConnectionError("gone"), OSError("gone"), TimeoutError(), RuntimeError("a bug")]
)
def test_a_failed_round_trip_fails_all_who_wait(error: Exception) -> None:
    """Also those behind it, and whatever it was; those who come later have a new try."""
    redis = FakeRedis(script=lambda raw: Breaks(error) if raw == b"0" else NEW)

    async def scene(made: Scene) -> None:
        waiting = [*await arrive(made, b"0"), *await arrive(made, *bodies(300)[1:])]
        redis.gate.set()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert told(results) == ["store_unavailable"] * 300
        assert await made.add(b"later") is True

    assert play(redis, scene).pokes == 1
    assert redis.batches == [[b"0"], [b"later"]]


def test_a_round_trip_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the client below would wait for: senders give up after ten seconds."""
    monkeypatch.setattr(commit_module, "PATIENCE_SECONDS", 0.01)

    async def scene(made: Scene) -> None:
        results = await asyncio.gather(*map(made.add, bodies(3)), return_exceptions=True)
        assert told(results) == ["store_unavailable"] * 3

    assert play(FakeRedis(), scene).pokes == 0


def test_what_a_forgotten_script_left_undone_is_done_again() -> None:
    """Only that: the others of the batch are stored already."""
    known = {b"1"}
    redis = FakeRedis(script=lambda raw: NEW if raw in known else NoScriptError("NOSCRIPT"))
    redis.loads = lambda: known.update(bodies(3))
    redis.gate.set()

    async def scene(made: Scene) -> None:
        assert await asyncio.gather(*map(made.add, bodies(3))) == [True] * 3

    play(redis, scene)
    assert redis.batches == [[b"0", b"1", b"2"], [b"0", b"2"]]


def test_a_script_forgotten_twice_is_told() -> None:
    """No endless loop with a server that never learns."""
    redis = FakeRedis(script=lambda _: NoScriptError("NOSCRIPT"))
    redis.gate.set()

    async def scene(made: Scene) -> None:
        results = await asyncio.gather(made.add(b"0"), return_exceptions=True)
        assert told(results) == ["store_unavailable"]

    assert play(redis, scene).pokes == 0
    assert len(redis.batches) == 2


def test_too_many_waiting_are_sent_away_at_once() -> None:
    """The bound keeps a slow Redis from filling the memory; those inside are served."""
    redis = FakeRedis()

    async def scene(made: Scene) -> None:
        inside = [*await arrive(made, b"first"), *await arrive(made, *bodies(MOST_WAITING))]
        with pytest.raises(NotStored) as caught:
            await made.add(b"one too many")
        assert (caught.value.reason, caught.value.status) == ("ingress_full", 503)
        redis.gate.set()
        assert all(await asyncio.gather(*inside))

    play(redis, scene)


def test_an_event_whose_request_was_cancelled_is_stored_all_the_same() -> None:
    """And harms none of those that share its batch."""
    redis = FakeRedis()

    async def scene(made: Scene) -> None:
        await arrive(made, b"0")
        gone, stays = await arrive(made, b"1", b"2")
        gone.cancel()
        redis.gate.set()
        assert await stays is True

    play(redis, scene)
    assert redis.batches == [[b"0"], [b"1", b"2"]]


def test_closing_waits_for_what_was_accepted() -> None:
    """At shutdown, nothing is left half-way."""
    redis = FakeRedis()

    async def scene(made: Scene) -> None:
        tasks = [*await arrive(made, b"0"), *await arrive(made, b"1")]
        closing = asyncio.create_task(made.commit.close())
        await asyncio.sleep(0)
        assert not closing.done()
        redis.gate.set()
        await closing
        assert [task.result() for task in tasks] == [True, True]

    play(redis, scene)


def test_a_log_line_names_the_request_whose_event_was_lost() -> None:
    """Not the one that happened to start the writer."""
    redis = FakeRedis(script=lambda _: OutOfMemoryError("OOM"))
    redis.gate.set()

    async def scene(made: Scene) -> None:
        await asyncio.gather(*map(made.add, bodies(2)), return_exceptions=True)

    with capture_logs() as lines:
        play(redis, scene)
    assert [line["request_id"] for line in lines] == ["of-b'0'", "of-b'1'"]
    assert {line["error"] for line in lines} == {"OutOfMemoryError"}
