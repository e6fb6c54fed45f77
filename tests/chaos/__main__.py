"""``python -m tests.chaos``: plays faults, prints the table, exits with 1 if anything broke."""

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
from tests.chaos.run import Result, play
from tests.chaos.stage import end_all

DATA = Path(".bridge", "chaos")
CALLS = 300
AT_ONCE = 5
"""Faults played beside each other: most of a run is waiting for leases and deadlines."""


def main(words: Sequence[str] | None = None) -> int:
    """Play the faults asked for; return the exit code."""
    asked = _parser().parse_args(words)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end_all)
    names = _names(asked.faults)
    seed = asked.seed or secrets.randbelow(10**6) + 1
    directory = DATA / str(seed)
    shutil.rmtree(directory, ignore_errors=True)
    _say(f"{asked.calls} calls for each of {len(names)} faults, SEED={seed}\n\n{report.head()}")
    results = []
    for result in _play_all(names, asked.calls, seed, asked.at_once):
        results.append(result)
        _say(report.row(result))
        if asked.verbose or not result.is_good:
            _say(report.details(result))
        if result.is_good and not asked.verbose:
            shutil.rmtree(result.directory, ignore_errors=True)
    bad = [result.fault for result in results if not result.is_good]
    _say(f"\nSEED={seed}: " + (f"broken by {', '.join(bad)}" if bad else "all hold"))
    return 1 if bad else 0


def _end_all(number: int, _frame: object) -> NoReturn:
    """End at once, and take along what runs: it would go on without us."""
    end_all()
    os._exit(128 + number)


def _play_all(names: Sequence[str], calls: int, seed: int, at_once: int) -> Iterator[Result]:
    with ThreadPoolExecutor(at_once) as pool:
        runs = [
            pool.submit(play, FAULTS[name], calls, seed, (DATA / str(seed) / name).resolve())
            for name in names
        ]
        yield from (run.result() for run in runs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("make chaos", description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--seed", type=int, default=0, help="0 = a random one")
    parser.add_argument("--faults", default="", help="comma-separated; all by default")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="runs beside each other")
    parser.add_argument(
        "--verbose", action="store_true", help="tell of good runs, too, and keep their logs"
    )
    return parser


def _names(said: str) -> list[str]:
    names = [name.strip() for name in said.split(",") if name.strip()] or list(FAULTS)
    if unknown := [name for name in names if name not in FAULTS]:
        sys.exit(f"no such fault: {', '.join(unknown)}. Known are {', '.join(FAULTS)}")
    return names


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is a program, and the table is what it is for


if __name__ == "__main__":
    sys.exit(main())
