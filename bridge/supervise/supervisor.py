"""Runs all processes of the bridge on one machine: starts and stops them in order."""

import asyncio
import signal
from collections.abc import Sequence

from bridge.supervise.child import RESTART_POLICY, Child, RestartPolicy, Sink
from bridge.supervise.commands import Command


class Supervisor:
    """Runs commands until ``stop`` is called, or until one of them cannot be kept running.

    The processes are stopped in the order of ``commands``: first the web process, so that no new
    events are accepted, then beat and Flower, then the workers, then the embedded Valkey. They are
    started in the reverse order.
    """

    def __init__(
        self, commands: Sequence[Command], sink: Sink, policy: RestartPolicy = RESTART_POLICY
    ) -> None:
        self._sink = sink
        self._children = [Child(command, sink, policy) for command in commands]
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Begin to stop all processes in order. A second call kills them at once."""
        if self._stop.is_set():
            for child in self._children:
                child.kill()
        self._stop.set()

    def stop_on_signals(self) -> None:
        """Call ``stop`` on Ctrl-C (SIGINT), SIGTERM and a closed terminal (SIGHUP)."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup ignores SIGHUP, so that the bridge outlives its terminal
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self.stop)

    async def run(self) -> int:
        """Run until all processes have stopped; return 0 after ``stop``, or 1 if one has failed."""
        running: list[asyncio.Task[None]] = []
        starting = asyncio.create_task(self._start(running))
        await self._stop.wait()
        starting.cancel()
        for child in self._children:
            await child.stop()
        ends = await asyncio.gather(*running, return_exceptions=True)
        failures = [end for end in ends if end is not None]
        for failure in failures:
            self._sink("up", str(failure))
        return 1 if failures else 0

    async def _start(self, running: list[asyncio.Task[None]]) -> None:
        for child in reversed(self._children):
            task = asyncio.create_task(child.run())
            # The task of a child ends by itself only if the child is not restarted any more. Then
            # all other processes are stopped, too.
            task.add_done_callback(lambda _: self._stop.set())
            running.append(task)
            await child.wait_until_ready()
