"""Runs a target: many different inputs in rounds, with a check of the memory after each round."""

import gc
import logging
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from statistics import mean
from typing import Any

import structlog
from hypothesis import HealthCheck, Phase, given, seed, settings
from structlog.typing import EventDict

from config.redaction import redact
from tests.fuzz.target import Target

ROUND = 1000
MOST_BLOCKS = 0.05
"""Blocks of memory that Python may keep for each input: one for twenty inputs."""

WARM_UP_ROUNDS = 8
"""Rounds after which objects that are made once exist: the OpenAPI document, phone regions."""

CACHE_BLOCKS = 2000
"""Blocks that caches may use after the first rounds, however short the run is."""

MOST_MEGABYTES = 16.0
"""The most that the process may grow between the first and the last quarter of a run."""

STATM = Path("/proc/self/statm")


class MemoryGrewError(AssertionError):
    """The memory grew with the number of inputs."""


class Seen:
    """Counts different inputs in constant memory.

    Two inputs may share a bit, one in some hundreds at most, so the count is never too high.
    """

    BITS = 1 << 26

    def __init__(self) -> None:
        self._bits = bytearray(self.BITS // 8)
        self.count = 0

    def add(self, value: object) -> None:
        """Count the input if it is new."""
        digest = blake2b(repr(value).encode(errors="surrogatepass"), digest_size=8).digest()
        byte, bit = divmod(int.from_bytes(digest) % self.BITS, 8)
        if not self._bits[byte] >> bit & 1:
            self._bits[byte] |= 1 << bit
            self.count += 1


@dataclass(frozen=True, slots=True)
class Memory:
    """Python's allocated blocks after a garbage collection, and the megabytes of the process."""

    blocks: int
    megabytes: float


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a run without a failure; ``inputs`` is the number of different inputs."""

    target: str
    inputs: int
    seconds: float
    blocks: float
    megabytes: float


def run(target: Target, inputs: int, start: int, each: int = ROUND) -> Result:
    """Check ``inputs`` different inputs in rounds of ``each``.

    Raises what the target raised, or the error of memory growth.
    """
    seen, memory, begun = Seen(), [], time.monotonic()
    rounds = 0
    while seen.count < inputs:
        target.refresh()
        _round(target, each, start + rounds, seen)
        memory.append(_memory())
        rounds += 1
    blocks, megabytes = _growth(memory[WARM_UP_ROUNDS:])
    if blocks > CACHE_BLOCKS + MOST_BLOCKS * inputs or megabytes > MOST_MEGABYTES:
        raise MemoryGrewError(f"{target.name}: {blocks:.0f} blocks, {megabytes:.1f} MB")
    return Result(target.name, seen.count, time.monotonic() - begun, blocks, megabytes)


def _round(target: Target, inputs: int, number: int, seen: Seen) -> None:
    @seed(number)
    @settings(
        max_examples=inputs,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(target.sources[number % len(target.sources)])
    def check(value: Any) -> None:  # noqa: ANN401 - inputs are of many types
        seen.add(value)
        target.check(value)

    check()


def _memory() -> Memory:
    gc.collect()
    pages = int(STATM.read_text().split()[1]) if STATM.exists() else 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Memory(
        sys.getallocatedblocks(),
        pages * resource.getpagesize() / 2**20 if pages else peak,
    )


def _growth(memory: Sequence[Memory]) -> tuple[float, float]:
    """Return the growth between the means of the first and the last quarter; 0 for a short run."""
    quarter = len(memory) // 4
    if quarter == 0:
        return 0.0, 0.0
    first, last = memory[:quarter], memory[-quarter:]
    return (
        mean(sample.blocks for sample in last) - mean(sample.blocks for sample in first),
        mean(sample.megabytes for sample in last) - mean(sample.megabytes for sample in first),
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Redact every log line, as in production, and write none."""
    before, uvicorns = structlog.get_config(), logging.getLogger("uvicorn.error")
    structlog.configure(processors=[redact, _drop], cache_logger_on_first_use=False)
    uvicorns.addFilter(_silent)
    try:
        yield
    finally:
        structlog.configure(**before)
        uvicorns.removeFilter(_silent)


def _silent(_line: logging.LogRecord) -> bool:
    return False


def _drop(_logger: object, _method: str, _line: EventDict) -> EventDict:
    raise structlog.DropEvent
