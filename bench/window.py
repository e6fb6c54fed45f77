"""Counts the requests in the busiest window of time, to check that a rate limit was kept."""

from collections.abc import Iterable


def busiest(times: Iterable[float], seconds: float) -> int:
    """Return the largest number of ``times`` in any half-open window of ``seconds``."""
    ordered = sorted(times)
    most = first = 0
    for last, at in enumerate(ordered, start=1):
        while at - ordered[first] >= seconds:
            first += 1
        most = max(most, last - first)
    return most
