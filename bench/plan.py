"""How much is measured: rounds and sizes, for a whole run or a quick one."""

from dataclasses import dataclass, replace
from pathlib import Path

LONG_ROUNDS = 3
STEADY_RATE = 110.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes of one run.

    ``seconds`` is one run of the load, ``frames_per_second`` how many requests are made ready for
    each of them; ``calls`` go through the whole pipeline in one round; ``many`` and ``few`` are
    calls in a store, ``due`` those under a hold that ends, at ``rate`` requests a second.
    ``paced`` is the load, in events a second, under which waits are compared.

    The rows that take minutes have ``long_rounds``. ``steady_rate`` and ``thin_rate`` are calls a
    second for ``steady_seconds``; ``steady_share`` is a rate that fits the machine, of what taskiq
    does in a burst. ``slow_calls`` meet an AskElephant that takes ``slow_wait`` seconds for each
    request. ``stalled_calls`` meet one that takes ``stalled_wait`` for a POST; meanwhile
    ``stalled_rate`` new calls a second come for ``stalled_seconds``, and the insights of
    ``stalled_fetches`` other calls become due.
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
    """Return a plan for trying things out: its figures are worth nothing."""
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
