"""The clock of a process that was started with this directory on its ``PYTHONPATH``.

The wall clock is off by the seconds in the file that ``CLOCK_STEP_FILE`` names. ``time.monotonic``
is unchanged, as when NTP steps a real clock.
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
        wanted = float(file.read_text())
        clock.shift(timedelta(seconds=wanted - step))
        step = wanted
        time.sleep(POLL_SECONDS)


_clock = time_machine.travel(time.time(), tick=True).start()
_file = Path(os.environ["CLOCK_STEP_FILE"])
threading.Thread(target=_follow, args=(_file, _clock), name="clock", daemon=True).start()
