"""The clock of a process that was started with this directory on its ``PYTHONPATH``.

It is off by the seconds that the file named by ``CLOCK_STEP_FILE`` tells. Only the wall clock is:
``time.monotonic`` goes on, as when NTP steps a real one.
"""

import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import time_machine

POLL_SECONDS = 0.1


def _follow(file: Path, clock: time_machine.Traveller) -> None:
    step = 0.0
    while True:
        said = float(file.read_text())
        clock.shift(timedelta(seconds=said - step))
        step = said
        time.sleep(POLL_SECONDS)


_clock = time_machine.travel(time.time(), tick=True).start()
_file = Path(os.environ["CLOCK_STEP_FILE"])
threading.Thread(target=_follow, args=(_file, _clock), name="clock", daemon=True).start()
