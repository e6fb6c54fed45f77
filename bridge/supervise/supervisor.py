"""All processes of one machine: started together, stopped in order."""

import asyncio
import signal
from collections.abc import Sequence

from bridge.supervise.child import PATIENCE, Child, Patience, Sink
from bridge.supervise.commands import Command


class Supervisor:
    """Runs commands until it is told to stop, or until one of them cannot stay up.

    They are stopped in the order in which they were given: the web process first, so that nothing
    new is accepted, then whoever hands out work, then the workers, then what they all stand on.
    They are started the other way round.
    """

    def __init__(
        self, commands: Sequence[Command], sink: Sink, patience: Patience = PATIENCE
    ) -> None:
        self._sink = sink
        self._children = [Child(command, sink, patience) for command in commands]
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Ask for the end. Asked a second time, everything ends at once."""
        if self._stop.is_set():
            for child in self._children:
                child.kill()
        self._stop.set()

    def stop_on_signals(self) -> None:
        """Take Ctrl-C, SIGTERM and a closed terminal as the word to stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup has SIGHUP ignored, so that the bridge outlives the terminal
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self.stop)

    async def run(self) -> int:
        """Run until the end; return the exit code: 0 when it was asked for."""
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
            # A child ends by itself only when it cannot stay up: then all must end.
            task.add_done_callback(lambda _: self._stop.set())
            running.append(task)
            await child.wait_until_ready()
