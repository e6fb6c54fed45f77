"""A group commit on a fake Redis, whose responses and their moment the test decides."""

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
"""The arguments of the script before the first event."""

OF_AN_EVENT = 4


@dataclass
class FakeRedis:
    """A Redis that stores batches: an event is new unless it is in ``known``.

    Each batch waits until ``gate`` is set. ``error`` is raised once. ``wakeups`` is whether the
    script requests a wake-up.
    """

    known: frozenset[bytes] = frozenset()
    error: Exception | None = None
    wakeups: bool = True
    batches: list[list[bytes]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def register_script(self, _text: str) -> Callable[..., Awaitable[list[int]]]:
        """Return the script of this fake."""
        return self.add_events

    async def add_events(self, keys: Sequence[str], args: Sequence[Any]) -> list[int]:
        """Store a batch, or raise ``error``."""
        bodies = list(args[BEFORE_EVENTS + 1 :: OF_AN_EVENT])
        assert len(keys) == 4 + len(bodies)
        self.batches.append(bodies)
        await self.gate.wait()
        error, self.error = self.error, None
        if error is not None:
            raise error
        return [int(self.wakeups), *(int(body not in self.known) for body in bodies)]


@dataclass
class Fixture:
    """A group commit on a fake Redis, and the number of wake-ups that it sent."""

    redis: FakeRedis
    wakeups: int = 0

    def __post_init__(self) -> None:
        """Make the group commit."""
        self.commit = GroupCommit(cast("Redis", self.redis), Keys("test"), 60, self.wake_up)

    def wake_up(self) -> None:
        """Count a wake-up."""
        self.wakeups += 1

    def add(self, raw: bytes) -> asyncio.Task[bool]:
        """Add an event in a task, as a request does."""
        return asyncio.create_task(self.commit.add("wavv", raw.decode(), raw, 1.0, f"of-{raw!r}"))


def play(redis: FakeRedis, scenario: Callable[[Fixture], Awaitable[None]]) -> Fixture:
    """Run a scenario and close the group commit; return the fixture."""

    async def run() -> Fixture:
        made = Fixture(redis)
        await scenario(made)
        await made.commit.close()
        return made

    return asyncio.run(run())


def bodies(count: int) -> list[bytes]:
    """Return ``count`` different events."""
    return [f"{number}".encode() for number in range(count)]
