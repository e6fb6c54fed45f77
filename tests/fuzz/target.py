"""A target of fuzzing: the sources of its inputs, and the check of each input."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True, slots=True)
class Target:
    """A target; ``check`` raises for an input that is not handled as it must be.

    Each round draws from the next of ``sources``, because hypothesis would prefer noise.

    ``refresh`` is called before each round, so that the effects of inputs are not counted as
    growth.
    """

    name: str
    sources: Sequence[SearchStrategy[Any]]
    check: Callable[[Any], None]
    refresh: Callable[[], None] = lambda: None
