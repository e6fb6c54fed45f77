"""Waiting for a condition: look again and again, and report the last value on failure."""

import json
import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")
WITHIN = 120.0
"""The time limit in seconds of everything that a test waits for.

A wait ends when its condition holds; two cores that run three tests with coverage are ten times
slower than an idle machine.
"""
PAUSE = 0.05


def wait_for(
    look: Callable[[], Seen], holds: Callable[[Seen], object], what: str, within: float = WITHIN
) -> Seen:
    """Return the first value for which ``holds`` is true; fail after ``within`` seconds."""
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
