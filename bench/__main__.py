"""``python -m bench``: measure, print the table, write it as JSON."""

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.load import PeerError
from bench.plan import LONG_ROUNDS, STEADY_RATE, Plan, quick
from bench.rows import (
    finished,
    flower,
    held,
    ingress,
    opening,
    pipeline,
    slow,
    start,
    steady,
    workers,
)
from bench.settings import ROOT
from bench.table import Row, document, markdown
from bridge import __version__

FAMILIES: Mapping[str, Callable[[Plan], Iterator[Row]]] = {
    "start": start.rows,
    "ingress": ingress.rows,
    "pipeline": pipeline.rows,
    "steady": steady.rows,
    "slow": slow.rows,
    "workers": workers.rows,
    "held": held.rows,
    "finished": finished.rows,
    "opening": opening.rows,
    "flower": flower.rows,
}
OUTPUT = ROOT / ".bridge" / "bench.json"


def main() -> None:
    """Measure what is asked for; end with 1 when something could not be measured.

    A target that is missed is a figure, not a failure.
    """
    asked = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM):  # whoever ends it ends the peers, too
        signal.signal(number, signal.default_int_handler)
    began, load = time.monotonic(), os.getloadavg()[0]
    rows, failures = _measure(asked)
    about = {
        "bridge": __version__,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": asked.quick,
        "rounds": asked.rounds,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load before": round(load, 2),
        "seconds": round(time.monotonic() - began),
    }
    asked.output.parent.mkdir(exist_ok=True)
    asked.output.write_text(document(rows, about), encoding="utf-8")
    _say(", ".join(f"{name} {value}" for name, value in about.items()))
    sys.stdout.write(f"{markdown(rows)}\n")
    if failures:
        raise SystemExit("\n".join(failures))


def _measure(asked: argparse.Namespace) -> tuple[list[Row], list[str]]:
    """Return the rows, and what kept others from being measured."""
    rows: list[Row] = []
    failures = []
    OUTPUT.parent.mkdir(exist_ok=True)
    for name in asked.rows:
        _say(f"{name} …")
        with tempfile.TemporaryDirectory(prefix=f"bench-{name}-", dir=OUTPUT.parent) as directory:
            plan = Plan(
                Path(directory),
                rounds=asked.rounds,
                long_rounds=min(asked.rounds, LONG_ROUNDS),
                steady_rate=asked.steady_rate,
            )
            try:
                for row in FAMILIES[name](quick(plan) if asked.quick else plan):
                    _say(f"  {' | '.join(row.cells())}")  # what is seen is not lost with the rest
                    rows.append(row)
            except (PeerError, TimeoutError) as error:
                failures.append(f"{name}: {error}")
    return rows, failures


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=_families, default=[*FAMILIES],
                        help=f"some of: {','.join(FAMILIES)}")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steady-rate", type=_rate, default=STEADY_RATE,
                        help="calls a second of the steady load")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="small sizes, to try it out")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    return parser.parse_args()


def _families(said: str) -> Sequence[str]:
    names = [name.strip() for name in said.split(",") if name.strip()]
    if unknown := set(names) - FAMILIES.keys():
        raise argparse.ArgumentTypeError(f"no such rows: {', '.join(sorted(unknown))}")
    return names or [*FAMILIES]


def _rate(given: str) -> float:
    rate = float(given)
    if rate <= 0:
        raise argparse.ArgumentTypeError("the rate must be above 0")
    return rate


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
