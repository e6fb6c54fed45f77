"""A group commit on a Redis of make-believe, which answers as a test says and when it says."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from bridge.ingress.commit import GroupCommit
from bridge.store.keys import Keys

if TYPE_CHECKING:
    from redis.asyncio import Redis

Answer = object
NEW, DUPLICATE = b"1-0", b""


@dataclass
class FakePipeline:
    """Gathers scripts' arguments, and sends them when it is executed."""

    redis: "FakeRedis"
    bodies: list[bytes] = field(default_factory=list)

    def evalsha(self, _sha: str, count: int, *words: Any) -> None:  # noqa: ANN401 - as redis-py's
        """Take one event."""
        self.bodies.append(words[count + 2])

    async def execute(self, *, raise_on_error: bool) -> list[Answer]:
        """Answer each event, or break."""
        assert not raise_on_error
        return await self.redis.answer(self.bodies)


@dataclass
class FakeRedis:
    """Answers batch by batch as ``script`` says; stands still while its gate is shut."""

    script: Callable[[bytes], Answer] = lambda _: NEW
    loads: Callable[[], None] = lambda: None
    batches: list[list[bytes]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def pipeline(self, *, transaction: bool) -> FakePipeline:
        """Begin a batch; nothing needs to be all or nothing."""
        assert not transaction
        return FakePipeline(self)

    async def script_load(self, _script: str) -> None:
        """Learn the script."""
        self.loads()

    async def answer(self, bodies: Sequence[bytes]) -> list[Answer]:
        """Answer a batch."""
        self.batches.append(list(bodies))
        await self.gate.wait()
        answers = [self.script(body) for body in bodies]
        broken = [answer for answer in answers if isinstance(answer, Breaks)]
        if broken:
            raise broken[0].error
        return answers


@dataclass(frozen=True)
class Breaks:
    """An answer that breaks the whole batch."""

    error: Exception


@dataclass
class Scene:
    """A group commit on a fake Redis, and how often it said that something was stored."""

    redis: FakeRedis
    pokes: int = 0

    def __post_init__(self) -> None:
        """Put it together."""
        self.commit = GroupCommit(cast("Redis", self.redis), Keys("test"), 60, self.poke)

    def poke(self) -> None:
        """Count."""
        self.pokes += 1

    def add(self, raw: bytes) -> asyncio.Task[bool]:
        """Let an event arrive, in a request of its own."""
        return asyncio.create_task(self.commit.add("wavv", raw.decode(), raw, 1.0, f"of-{raw!r}"))


def play(redis: FakeRedis, scene: Callable[[Scene], Awaitable[None]]) -> Scene:
    """Play a scene to its end."""

    async def run() -> Scene:
        made = Scene(redis)
        await scene(made)
        await made.commit.close()
        return made

    return asyncio.run(run())


def bodies(count: int) -> list[bytes]:
    """Return so many different events."""
    return [f"{number}".encode() for number in range(count)]
