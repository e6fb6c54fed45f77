"""``python -m bench``: measures each row of the results, and prints the table or writes JSON."""

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
    """Measure the chosen families of rows. Exit with 1 if a family could not be measured.

    A missed target is only reported, and does not change the exit code.
    """
    options = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM):  # so that both also end the child processes
        signal.signal(number, signal.default_int_handler)
    began, load = time.monotonic(), os.getloadavg()[0]
    rows, failures = _measure(options)
    about = {
        "bridge": __version__,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": options.quick,
        "rounds": options.rounds,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load before": round(load, 2),
        "seconds": round(time.monotonic() - began),
    }
    options.output.parent.mkdir(exist_ok=True)
    options.output.write_text(document(rows, about), encoding="utf-8")
    _log(", ".join(f"{name} {value}" for name, value in about.items()))
    sys.stdout.write(f"{markdown(rows)}\n")
    if failures:
        raise SystemExit("\n".join(failures))


def _measure(options: argparse.Namespace) -> tuple[list[Row], list[str]]:
    """Measure the families. Return the rows, and the error of each family that failed."""
    rows: list[Row] = []
    failures = []
    OUTPUT.parent.mkdir(exist_ok=True)
    for name in options.rows:
        _log(f"{name} …")
        with tempfile.TemporaryDirectory(prefix=f"bench-{name}-", dir=OUTPUT.parent) as directory:
            plan = Plan(
                Path(directory),
                rounds=options.rounds,
                long_rounds=min(options.rounds, LONG_ROUNDS),
                steady_rate=options.steady_rate,
            )
            try:
                for row in FAMILIES[name](quick(plan) if options.quick else plan):
                    # Printed at once, so that an error in a later row does not lose it.
                    _log(f"  {' | '.join(row.cells())}")
                    rows.append(row)
            except (PeerError, TimeoutError) as error:
                failures.append(f"{name}: {error}")
    return rows, failures


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=_families, default=[*FAMILIES],
                        help=f"families to measure: {','.join(FAMILIES)}")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steady-rate", type=_rate, default=STEADY_RATE,
                        help="calls a second of the steady load")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="small sizes, to check that it runs")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    return parser.parse_args()


def _families(text: str) -> Sequence[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := set(names) - FAMILIES.keys():
        raise argparse.ArgumentTypeError(f"unknown families: {', '.join(sorted(unknown))}")
    return names or [*FAMILIES]


def _rate(text: str) -> float:
    rate = float(text)
    if rate <= 0:
        raise argparse.ArgumentTypeError("the rate must be above 0")
    return rate


def _log(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
