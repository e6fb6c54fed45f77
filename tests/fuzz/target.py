"""What is fuzzed: where its inputs come from, and what must hold for each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis.strategies import SearchStrategy


def _nothing() -> None:
    """Leave all as it is."""


@dataclass(frozen=True, slots=True)
class Target:
    """``check`` raises for an input that should not have done what it did.

    Each round draws from the next of ``sources``: left to choose, hypothesis prefers noise.

    ``refresh`` is called before each round: what the inputs have left behind is not growth.
    """

    name: str
    sources: Sequence[SearchStrategy[Any]]
    check: Callable[[Any], None]
    refresh: Callable[[], None] = _nothing
