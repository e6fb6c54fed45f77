"""``python -m tests.chaos``: runs faults, prints the table, exits with 1 if a check failed."""

import argparse
import os
import secrets
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

from tests.chaos import report
from tests.chaos.faults.table import FAULTS
from tests.chaos.run import Result, run_fault
from tests.chaos.stack import end_all

DATA = Path(".bridge", "chaos")
CALLS = 300
AT_ONCE = 5
"""Faults that run at the same time: a run mostly waits for leases and deadlines."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the selected faults; return the exit code."""
    arguments = _parser().parse_args(argv)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end_all)
    names = _fault_names(arguments.faults)
    seed = arguments.seed or secrets.randbelow(10**6) + 1
    directory = DATA / str(seed)
    shutil.rmtree(directory, ignore_errors=True)
    _print(
        f"{arguments.calls} calls for each of {len(names)} faults, SEED={seed}\n\n{report.head()}"
    )
    results = []
    for result in _run_all(names, arguments.calls, seed, arguments.at_once):
        results.append(result)
        _print(report.row(result))
        if arguments.verbose or not result.is_good:
            _print(report.details(result))
        if result.is_good and not arguments.verbose:
            shutil.rmtree(result.directory, ignore_errors=True)
    bad = [result.fault for result in results if not result.is_good]
    _print(f"\nSEED={seed}: " + (f"failed: {', '.join(bad)}" if bad else "all hold"))
    return 1 if bad else 0


def _end_all(number: int, _frame: object) -> NoReturn:
    """Kill every process of every run, then exit with the code of the signal."""
    end_all()
    os._exit(128 + number)


def _run_all(names: Sequence[str], calls: int, seed: int, at_once: int) -> Iterator[Result]:
    with ThreadPoolExecutor(at_once) as pool:
        runs = [
            pool.submit(run_fault, FAULTS[name], calls, seed, (DATA / str(seed) / name).resolve())
            for name in names
        ]
        yield from (run.result() for run in runs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("make chaos", description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--seed", type=int, default=0, help="0 = a random one")
    parser.add_argument("--faults", default="", help="comma-separated; all by default")
    parser.add_argument(
        "--at-once", type=int, default=AT_ONCE, help="faults that run at the same time"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="print the details of good runs and keep their logs"
    )
    return parser


def _fault_names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()] or list(FAULTS)
    if unknown := [name for name in names if name not in FAULTS]:
        sys.exit(f"no such fault: {', '.join(unknown)}. Known are {', '.join(FAULTS)}")
    return names


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the table is the output of this program


if __name__ == "__main__":
    sys.exit(main())
