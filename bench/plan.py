"""The number of rounds and the sizes of a benchmark run, full or quick."""

from dataclasses import dataclass, replace
from pathlib import Path

LONG_ROUNDS = 3
STEADY_RATE = 110.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The number of rounds and the sizes of one benchmark run.

    Each run of the load generator lasts ``seconds``, with ``frames_per_second`` requests prepared
    for each second. ``calls`` is the number of calls in a burst through the whole pipeline.
    ``many`` and ``few`` are the numbers of calls in a filled store. ``due`` is the number of calls
    that wait for a hold to end, and are then submitted at ``rate`` requests a second. ``paced`` is
    the load, in events a second, under which latencies are compared.

    Rows that need minutes are measured in ``long_rounds``. ``steady_rate`` and ``thin_rate`` are
    calls a second for ``steady_seconds``. ``steady_share`` is a fraction of taskiq's rate in a
    burst, so that this load fits the machine. ``slow_calls`` calls are sent while AskElephant
    responds after ``slow_wait`` seconds. ``stalled_calls`` calls are sent while AskElephant
    responds to a POST after ``stalled_wait`` seconds. Then ``stalled_rate`` new calls a second are
    sent for ``stalled_seconds``, and the insights of ``stalled_fetches`` other calls become due.
    """

    directory: Path
    rounds: int = 5
    seconds: float = 3.0
    frames_per_second: int = 10_000
    calls: int = 500
    many: int = 1_000_000
    few: int = 1_000
    due: int = 100_000
    rate: int = 50
    paced: int = 150
    long_rounds: int = LONG_ROUNDS
    steady_rate: float = STEADY_RATE
    steady_share: float = 0.6
    thin_rate: float = 10
    steady_seconds: float = 30
    slow_calls: int = 300
    slow_wait: float = 3
    stalled_calls: int = 1500
    stalled_wait: float = 30
    stalled_rate: float = 5
    stalled_seconds: float = 60
    stalled_fetches: int = 200


def quick(plan: Plan) -> Plan:
    """Create a small plan, which only checks that the benchmark runs. Its results are not valid."""
    return replace(
        plan,
        seconds=0.5,
        calls=60,
        many=10_000,
        due=2_000,
        rate=20,
        paced=50,
        long_rounds=1,
        steady_rate=min(plan.steady_rate, 20),
        steady_seconds=3,
        slow_calls=60,
        slow_wait=0.5,
        stalled_calls=250,
        stalled_wait=4,
        stalled_seconds=4,
        stalled_fetches=20,
    )
