"""Waiting for what must come: look again and again, and say at the end what was seen last."""

import json
import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")
WITHIN = 120.0
"""Seconds for everything that a test waits for. A wait ends as soon as its condition holds, and two
cores that run three tests with coverage are ten times slower than an idle machine.
"""
PAUSE = 0.05


def wait_for(
    look: Callable[[], Seen], holds: Callable[[Seen], object], what: str, within: float = WITHIN
) -> Seen:
    """Return the first thing seen of which ``holds`` is true; fail after ``within`` seconds."""
    end = time.monotonic() + within
    while True:
        seen = look()
        if holds(seen):
            return seen
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {within:g} s. Last seen:\n{_shown(seen)}")
        time.sleep(PAUSE)


def _shown(seen: object) -> str:
    return json.dumps(seen, indent=2, default=str, ensure_ascii=False)
