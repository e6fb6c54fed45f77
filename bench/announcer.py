"""Sends Celery's task events as workers do: ``python -m bench.announcer --rate 1000 --seconds 10``.

No task runs. For each task, Flower receives three events. One message contains many events, as
messages of workers do.
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
"""How many messages are sent per second. A busy worker also collects events for one message."""


def main() -> None:
    """Send the events of tasks. Print the number of tasks and the elapsed seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    app = BridgeCelery("announcer")
    app.conf.update(broker_options(load_settings()))
    ticks = int(options.seconds * TICKS)
    began = time.monotonic()
    with app.connection_for_write() as connection:
        dispatcher = app.events.Dispatcher(
            connection, hostname="celery@bench", buffer_group=["task"]
        )
        dispatcher.send("worker-online")
        for tick in range(ticks):
            for _ in range(options.rate // TICKS):
                _announce(dispatcher.send)
            dispatcher.flush()
            time.sleep(max(0.0, began + (tick + 1) / TICKS - time.monotonic()))
    tasks = ticks * (options.rate // TICKS)
    sys.stdout.write(f"{tasks} {time.monotonic() - began}\n")


def _announce(send: Callable[..., object]) -> None:
    task, call = str(uuid.uuid4()), str(uuid.uuid4())
    send("task-received", uuid=task, name=SUBMIT.task, args=f"('{call}',)", kwargs="{}", retries=0)
    send("task-started", uuid=task)
    send("task-succeeded", uuid=task, result="None", runtime=0.02)


if __name__ == "__main__":
    main()
