"""A clock that a test moves, and a publisher that only writes down."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.broker.publisher import SWEEP


@dataclass
class Clock:
    """A time that a test moves."""

    time: datetime

    def __call__(self) -> datetime:
        """Return the time."""
        return self.time

    def wait(self, **duration: float) -> None:
        """Let this much time pass at once."""
        self.time += timedelta(**duration)


@dataclass(frozen=True)
class Message:
    """A task that was asked for, and when it is to run."""

    at: datetime
    task: str
    args: tuple[str, ...]


@dataclass
class Published:
    """A publisher that only writes down what it was asked for."""

    clock: Clock
    messages: list[Message] = field(default_factory=list)
    is_batched: bool = False
    """Whether calls share messages; else each has its own, and one runs after the other."""

    def publish(self, task: str, *args: str, countdown: float = 0) -> None:
        """Write the task down."""
        at = self.clock() + timedelta(seconds=countdown)
        batches = [args] if self.is_batched or not args else [(one,) for one in args]
        self.messages += [Message(at, task, batch) for batch in batches]

    def tasks(self) -> list[tuple[str, ...]]:
        """Return each task with its arguments, in the order they were asked for."""
        return [(message.task, *message.args) for message in self.messages]

    def first(self) -> Message | None:
        """Return the message that is to run first. Sweeps are left to the test, as beat."""
        due = [message for message in self.messages if message.task != SWEEP]
        return min(due, key=lambda message: message.at, default=None)

    def sweeps(self) -> list[datetime]:
        """Return when the sweep was asked for, besides beat."""
        return [message.at for message in self.messages if message.task == SWEEP]
