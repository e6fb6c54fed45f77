"""How many requests fell into the busiest window: a rate is kept when no window holds more."""

from collections.abc import Iterable


def busiest(times: Iterable[float], seconds: float) -> int:
    """Return the most events in any half-open window of ``seconds``, wherever it begins."""
    ordered = sorted(times)
    most = first = 0
    for last, at in enumerate(ordered, start=1):
        while at - ordered[first] >= seconds:
            first += 1
        most = max(most, last - first)
    return most
