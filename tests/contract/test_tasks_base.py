"""A worker builds its services once, however many tasks start at the same time."""

import subprocess
import sys
from pathlib import Path

from tests.support.bridge_command import environment

PROGRAM = """\
import threading
from concurrent.futures import ThreadPoolExecutor
from tasks import base

THREADS = 8
begun, first_few = [], threading.Event()

def build_services(settings):
    begun.append(settings)
    if len(begun) > 1:
        first_few.set()
    first_few.wait(0.5)  # for a second one to begin, which must not
    return object()

base.build_services = build_services
with ThreadPoolExecutor(THREADS) as pool:
    found = {id(one) for one in pool.map(lambda _: base.services(), range(THREADS))}
print(len(begun), len(found))
"""


def test_concurrent_threads_share_the_services(tmp_path: Path) -> None:
    """Threads that start at the same time share one set of services."""
    env = environment({"BRIDGE_REDIS_URL": "redis://127.0.0.1:1/0"})
    words = (sys.executable, "-c", PROGRAM)
    ended = subprocess.run(words, env=env, cwd=tmp_path, capture_output=True, check=True)  # noqa: S603 - our own program
    assert ended.stdout.split() == [b"1", b"1"]
