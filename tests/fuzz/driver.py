"""Running a target: so many different inputs, in rounds, with the memory looked at after each."""

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
"""Blocks of memory that Python may keep for each input: one object for every twentieth."""

WARM = 8
"""Rounds after which what is made once has been made: the OpenAPI document, phone regions."""

WARMTH = 2000
"""Blocks that caches may take after that until they are full, however short the run."""

MOST_MEGABYTES = 16.0
"""Growth of the process between the first and the last quarter of a run."""

STATM = Path("/proc/self/statm")


class MemoryGrewError(AssertionError):
    """The target keeps something of its inputs."""


class Seen:
    """How many different inputs there were, in memory that does not grow.

    Two inputs may share a bit, one in some hundreds at most: the count is never too high.
    """

    BITS = 1 << 26

    def __init__(self) -> None:
        self._bits = bytearray(self.BITS // 8)
        self.count = 0

    def add(self, one: object) -> None:
        """Count the input if it is new."""
        digest = blake2b(repr(one).encode(errors="surrogatepass"), digest_size=8).digest()
        byte, bit = divmod(int.from_bytes(digest) % self.BITS, 8)
        if not self._bits[byte] >> bit & 1:
            self._bits[byte] |= 1 << bit
            self.count += 1


@dataclass(frozen=True, slots=True)
class Memory:
    """What the process holds: Python's blocks after collecting garbage, and megabytes of it all."""

    blocks: int
    megabytes: float


@dataclass(frozen=True, slots=True)
class Result:
    """A run that found nothing. ``inputs`` were all different."""

    target: str
    inputs: int
    seconds: float
    blocks: float
    megabytes: float


def run(target: Target, inputs: int, start: int, each: int = ROUND) -> Result:
    """Check ``inputs`` different inputs, in rounds of ``each``.

    Raises what the target raised, or ``MemoryGrewError``.
    """
    seen, memory, begun = Seen(), [], time.monotonic()
    rounds = 0
    while seen.count < inputs:
        target.refresh()
        _round(target, each, start + rounds, seen)
        memory.append(_memory())
        rounds += 1
    blocks, megabytes = _growth(memory[WARM:])
    if blocks > WARMTH + MOST_BLOCKS * inputs or megabytes > MOST_MEGABYTES:
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
    def check(one: Any) -> None:  # noqa: ANN401 - inputs are of many types
        seen.add(one)
        target.check(one)

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
    """Return by how much the last quarter's mean is above the first's; too short a run has none."""
    quarter = len(memory) // 4
    if quarter == 0:
        return 0.0, 0.0
    first, last = memory[:quarter], memory[-quarter:]
    return (
        mean(one.blocks for one in last) - mean(one.blocks for one in first),
        mean(one.megabytes for one in last) - mean(one.megabytes for one in first),
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
