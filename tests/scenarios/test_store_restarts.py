"""Redis restarts, and every worker processes tasks again."""

from tests.support.stack import Stack
from tests.support.two_workers import WORKERS, wait_until_both_work
from tests.support.valkey import Valkey

RESTARTS = 3
HELD = 6


def test_both_workers_process_tasks_after_a_restart(pair: Stack, pairs_valkey: Valkey) -> None:
    """Both workers process tasks within seconds after a restart, also with delayed messages."""
    for _ in range(RESTARTS):
        for call in [pair.bridge.send_call(pair.call("no-insights")) for _ in range(HELD)]:
            pair.bridge.reaches(call, "transcribed")
        pairs_valkey.stop()
        pairs_valkey.start()
        wait_until_both_work(pair)
        assert [pair.processes[name].ended() for name in WORKERS] == [None, None]
