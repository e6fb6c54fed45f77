"""How much is measured: rounds and sizes, for a whole run or a quick one."""

from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes of one run.

    ``seconds`` is one run of the load, ``frames_per_second`` how many requests are made ready for
    each of them; ``calls`` go through the whole pipeline in one round; ``many`` and ``few`` are
    calls in a store, ``due`` those under a hold that ends, at ``rate`` requests a second.
    ``paced`` is the load, in events a second, under which waits are compared.
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


def quick(plan: Plan) -> Plan:
    """Return a plan for trying things out: its figures are worth nothing."""
    return replace(plan, seconds=0.5, calls=60, many=10_000, due=2_000, rate=20, paced=50)
