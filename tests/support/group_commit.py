"""A group commit on a Redis of make-believe, which answers as a test says and when it says."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from bridge.ingress.group_commit import GroupCommit
from bridge.store.keys import Keys

if TYPE_CHECKING:
    from redis.asyncio import Redis

NEW, DUPLICATE = True, False
BEFORE_EVENTS = 2
"""Arguments of the script that are not an event's."""

OF_AN_EVENT = 4


@dataclass
class FakeRedis:
    """Answers batch by batch: an event is new unless it is ``known``, until ``error`` is set.

    It stands still while its gate is shut, and asks for a wake-up for as long as ``wakeups`` says.
    """

    known: frozenset[bytes] = frozenset()
    error: Exception | None = None
    wakeups: bool = True
    batches: list[list[bytes]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def register_script(self, _text: str) -> Callable[..., Awaitable[list[int]]]:
        """Return the script, which is this server's own."""
        return self.add_events

    async def add_events(self, keys: Sequence[str], args: Sequence[Any]) -> list[int]:
        """Answer a batch, or break."""
        bodies = list(args[BEFORE_EVENTS + 1 :: OF_AN_EVENT])
        assert len(keys) == 3 + len(bodies)
        self.batches.append(bodies)
        await self.gate.wait()
        error, self.error = self.error, None
        if error is not None:
            raise error
        return [int(self.wakeups), *(int(body not in self.known) for body in bodies)]


@dataclass
class Fixture:
    """A group commit on a fake Redis, and how often it said that something was stored."""

    redis: FakeRedis
    wakeups: int = 0

    def __post_init__(self) -> None:
        """Put it together."""
        self.commit = GroupCommit(cast("Redis", self.redis), Keys("test"), 60, self.wake_up)

    def wake_up(self) -> None:
        """Count."""
        self.wakeups += 1

    def add(self, raw: bytes) -> asyncio.Task[bool]:
        """Let an event arrive, in a request of its own."""
        return asyncio.create_task(self.commit.add("wavv", raw.decode(), raw, 1.0, f"of-{raw!r}"))


def play(redis: FakeRedis, scenario: Callable[[Fixture], Awaitable[None]]) -> Fixture:
    """Run a scenario to its end."""

    async def run() -> Fixture:
        made = Fixture(redis)
        await scenario(made)
        await made.commit.close()
        return made

    return asyncio.run(run())


def bodies(count: int) -> list[bytes]:
    """Return so many different events."""
    return [f"{number}".encode() for number in range(count)]
