"""Announces tasks as workers do: ``python -m bench.announcer --rate 1000 --seconds 10``.

Nothing is run. Flower hears three events of each task, many in a message, as workers send them.
"""

import argparse
import sys
import time
import uuid
from collections.abc import Callable

from bridge.broker.celery_app import BridgeCelery
from bridge.domain.steps import SUBMIT
from config import load_settings
from config.broker import broker_options

TICKS = 50
"""Messages a second: a worker that is busy gathers events until its loop comes round."""


def main() -> None:
    """Announce, and print how many tasks were announced in how many seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    asked = parser.parse_args()
    app = BridgeCelery("announcer")
    app.conf.update(broker_options(load_settings()))
    ticks = int(asked.seconds * TICKS)
    began = time.monotonic()
    with app.connection_for_write() as connection:
        told = app.events.Dispatcher(connection, hostname="celery@bench", buffer_group=["task"])
        told.send("worker-online")
        for tick in range(ticks):
            for _ in range(asked.rate // TICKS):
                _announce(told.send)
            told.flush()
            time.sleep(max(0.0, began + (tick + 1) / TICKS - time.monotonic()))
    tasks = ticks * (asked.rate // TICKS)
    sys.stdout.write(f"{tasks} {time.monotonic() - began}\n")


def _announce(send: Callable[..., object]) -> None:
    task, call = str(uuid.uuid4()), str(uuid.uuid4())
    send("task-received", uuid=task, name=SUBMIT.task, args=f"('{call}',)", kwargs="{}", retries=0)
    send("task-started", uuid=task)
    send("task-succeeded", uuid=task, result="None", runtime=0.02)


if __name__ == "__main__":
    main()
