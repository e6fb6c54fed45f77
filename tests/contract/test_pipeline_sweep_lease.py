"""A sweep that paused for longer than its lease does no harm to another."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest

from bridge.broker.publisher import DRAIN, Publisher
from bridge.domain.call import Kind, State
from bridge.domain.steps import EXPIRE, SUBMIT
from bridge.errors import LeaseLostError
from bridge.pipeline import sweep
from tests.support.in_process_bridge import Bridge


@dataclass
class Pausing:
    """A publisher that pauses once, at its first message of ``task``."""

    publisher: Publisher
    task: str
    during_pause: Callable[[], object] | None

    def publish(self, task: str, *args: str, countdown: float = 0) -> None:
        """Run the callback once, then publish."""
        if task == self.task and self.during_pause is not None:
            during_pause, self.during_pause = self.during_pause, None
            during_pause()
        self.publisher.publish(task, *args, countdown=countdown)


def sweep_slowly(bridge: Bridge, task: str, during_pause: Callable[[], object]) -> int:
    """Run a sweep that pauses at a message of ``task``, and run a function after its lease."""

    def lose_the_lease() -> None:
        bridge.services.redis.delete(bridge.services.keys.sweep_lease)
        bridge.clock.wait(minutes=2)
        during_pause()

    pausing = Pausing(bridge.published, task, lose_the_lease)
    return sweep.sweep(replace(bridge.services, publisher=pausing))


@pytest.fixture
def overdue(bridge: Bridge) -> list[tuple[str, ...]]:
    """Give the two steps of two overdue calls in the order of a sweep."""
    bridge.change_settings(recording_deadline=60, sweep_grace=600)
    ended, recorded = bridge.dial(), bridge.dial()
    bridge.receive(ended, Kind.ENDED)
    bridge.receive(recorded, Kind.RECORDED)
    bridge.drain()
    bridge.published.messages.clear()
    bridge.clock.wait(hours=1)
    return [(EXPIRE.task, ended.call_id), (SUBMIT.task, recorded.call_id)]


def test_it_publishes_nothing_that_another_has_published(
    bridge: Bridge, overdue: list[tuple[str, ...]]
) -> None:
    """A paused sweep does not publish what another published, because its token has expired."""
    with pytest.raises(LeaseLostError):
        sweep_slowly(bridge, EXPIRE.task, bridge.sweep)
    assert sorted(bridge.published.tasks()) == sorted(overdue)


def test_it_claims_nothing_while_another_sweeps(
    bridge: Bridge, overdue: list[tuple[str, ...]]
) -> None:
    """A paused sweep claims no call, and does not release the other sweep's lease."""
    with ExitStack() as exits:
        others = bridge.services.leases.hold_sweep
        with pytest.raises(LeaseLostError):
            sweep_slowly(bridge, EXPIRE.task, lambda: exits.enter_context(others()))
        assert bridge.published.tasks() == overdue[:1]
        assert bridge.sweep() == 0
    assert bridge.sweep() == 1


def test_it_forgets_nothing_that_should_be_kept(bridge: Bridge) -> None:
    """A paused sweep does not delete what must be kept, because it checks each record again.

    A call got its recording during the pause, another was deleted, and an event came.
    """
    done, late = bridge.dial("reject"), bridge.dial()
    bridge.process(done)
    bridge.process(late, Kind.ENDED)
    bridge.clock.wait(days=2)
    bridge.sweep()
    bridge.work()
    assert bridge.call(late).state is State.UNRECORDED
    bridge.clock.wait(days=31)
    bridge.receive(bridge.dial(), Kind.ENDED)

    def during_pause() -> None:
        bridge.process(late, Kind.RECORDED)
        bridge.receive(bridge.dial(), Kind.ENDED)
        bridge.sweep()

    sweep_slowly(bridge, DRAIN, during_pause)
    assert bridge.call(late).state is State.SUBMITTED
    assert bridge.services.calls.load(done.call_id) is None
    assert bridge.services.inbox.backlog().waiting == 1
    assert bridge.services.counters.last_saw("sweep") == bridge.clock()
