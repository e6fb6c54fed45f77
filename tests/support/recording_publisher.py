"""A clock that the test moves, and a publisher that records tasks."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.broker.publisher import SWEEP


@dataclass
class Clock:
    """A clock that the test moves."""

    time: datetime

    def __call__(self) -> datetime:
        """Return the time of the clock."""
        return self.time

    def wait(self, **duration: float) -> None:
        """Move the clock."""
        self.time += timedelta(**duration)


@dataclass(frozen=True)
class Message:
    """A published task, and the time at which it must run."""

    at: datetime
    task: str
    args: tuple[str, ...]


@dataclass
class Published:
    """A publisher that records the published tasks."""

    clock: Clock
    messages: list[Message] = field(default_factory=list)
    is_batched: bool = False
    """Whether the calls of one publication share a message; else each call has a message."""

    def publish(self, task: str, *args: str, countdown: float = 0) -> None:
        """Record the task."""
        at = self.clock() + timedelta(seconds=countdown)
        batches = [args] if self.is_batched or not args else [(one,) for one in args]
        self.messages += [Message(at, task, batch) for batch in batches]

    def tasks(self) -> list[tuple[str, ...]]:
        """Return each task with its arguments, in the order of publication."""
        return [(message.task, *message.args) for message in self.messages]

    def first(self) -> Message | None:
        """Return the message that must run first.

        Sweeps are excluded; the test runs them, as beat does.
        """
        due = [message for message in self.messages if message.task != SWEEP]
        return min(due, key=lambda message: message.at, default=None)

    def sweeps(self) -> list[datetime]:
        """Return the times for which a sweep was published."""
        return [message.at for message in self.messages if message.task == SWEEP]
