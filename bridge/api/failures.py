"""How often an address may present a wrong token, before it is told to come later.

A right token is looked at first and always passes: behind one proxy all have one address, and a
stranger who guesses must not lock anybody out. So this bounds the noise of guessing, not the luck
of it; against luck only the length of the token helps, and short ones are warned of.
"""

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Callable
from math import ceil
from threading import Lock

MOST = 20
WINDOW_SECONDS = 60.0
MOST_ADDRESSES = 4096
IPV6_PREFIX = 64
"""One subscriber has a whole /64, and may take a new address for every guess."""


class Failures:
    """Wrong tokens by address: the newest of each, of a bounded number of addresses."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()  # FastAPI looks at tokens in several threads
        self._by_address: OrderedDict[str, deque[float]] = OrderedDict()

    def add(self, address: str) -> int:
        """Count a failure; return 0, or in how many seconds the address may fail again."""
        with self._lock:
            return self._add(_subscriber(address), self._clock())

    def _add(self, subscriber: str, now: float) -> int:
        times = self._by_address.setdefault(subscriber, deque(maxlen=MOST))
        self._by_address.move_to_end(subscriber)
        if len(self._by_address) > MOST_ADDRESSES:
            self._by_address.popitem(last=False)
        if len(times) == MOST and times[0] > now - WINDOW_SECONDS:
            return ceil(times[0] + WINDOW_SECONDS - now)
        times.append(now)
        return 0


def _subscriber(address: str) -> str:
    """Return what is counted as one: an IPv4 address, or a network of IPv6."""
    try:
        return str(ipaddress.IPv6Network((address, IPV6_PREFIX), strict=False))
    except ValueError:
        return address
