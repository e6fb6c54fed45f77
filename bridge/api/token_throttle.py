"""Limits how many wrong tokens an address may send within a minute."""

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from math import ceil
from threading import Lock

MOST = 20
WINDOW_SECONDS = 60.0
MOST_ADDRESSES = 4096
IPV6_PREFIX = 64
"""One subscriber has a whole /64 of addresses, and could use a new one for every guess."""


class TokenThrottle:
    """Counts wrong tokens by address, for a limited number of addresses.

    ``clock`` returns monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()  # FastAPI looks at tokens in several threads
        self._by_address: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, address: str) -> int:
        """Return for how many seconds the address is refused; 0 = it may send a token now."""
        with self._lock:
            return _wait(self._by_address.get(_subscriber(address), ()), self._clock())

    def add(self, address: str) -> int:
        """Count a wrong token, unless the address is refused. Return as ``wait`` did before it."""
        with self._lock:
            subscriber, now = _subscriber(address), self._clock()
            times = self._by_address.setdefault(subscriber, deque(maxlen=MOST))
            self._by_address.move_to_end(subscriber)
            if len(self._by_address) > MOST_ADDRESSES:
                self._by_address.popitem(last=False)
            wait = _wait(times, now)
            if not wait:
                times.append(now)
            return wait


def _wait(times: Sequence[float], now: float) -> int:
    """Return in how many seconds the oldest of too many failures leaves the window; 0 = now."""
    if len(times) < MOST or times[0] <= now - WINDOW_SECONDS:
        return 0
    return ceil(times[0] + WINDOW_SECONDS - now)


def _subscriber(address: str) -> str:
    """Return the part of an address that is counted: an IPv4 address, or a /64 of IPv6."""
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:  # the form of IPv4 addresses if the server listens on ``::``
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), IPV6_PREFIX), strict=False))
