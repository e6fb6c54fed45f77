"""Counts the requests in the busiest window. A rate is kept if no window has more than it."""

from collections.abc import Iterable


def busiest(times: Iterable[float], seconds: float) -> int:
    """Return the largest number of events in any half-open window of ``seconds``."""
    ordered = sorted(times)
    most = first = 0
    for last, at in enumerate(ordered, start=1):
        while at - ordered[first] >= seconds:
            first += 1
        most = max(most, last - first)
    return most
