"""How often an address may present a wrong token, before it is told to come later."""

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from math import ceil
from threading import Lock

MOST = 20
WINDOW_SECONDS = 60.0
MOST_ADDRESSES = 4096
IPV6_PREFIX = 64
"""One subscriber has a whole /64, and may take a new address for every guess."""


class TokenThrottle:
    """Wrong tokens by address: the newest of each, of a bounded number of addresses."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()  # FastAPI looks at tokens in several threads
        self._by_address: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, address: str) -> int:
        """Return 0, or in how many seconds the address may fail again."""
        with self._lock:
            return _wait(self._by_address.get(_subscriber(address), ()), self._clock())

    def add(self, address: str) -> int:
        """Count a failure, unless there were too many; return the same as ``wait`` did before."""
        with self._lock:
            return self._add(_subscriber(address), self._clock())

    def _add(self, subscriber: str, now: float) -> int:
        times = self._by_address.setdefault(subscriber, deque(maxlen=MOST))
        self._by_address.move_to_end(subscriber)
        if len(self._by_address) > MOST_ADDRESSES:
            self._by_address.popitem(last=False)
        wait = _wait(times, now)
        if not wait:
            times.append(now)
        return wait


def _wait(times: Sequence[float], now: float) -> int:
    if len(times) < MOST or times[0] <= now - WINDOW_SECONDS:
        return 0
    return ceil(times[0] + WINDOW_SECONDS - now)


def _subscriber(address: str) -> str:
    """Return what is counted as one: an IPv4 address, or a network of IPv6."""
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:  # as a server on ``::`` sees all of IPv4
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), IPV6_PREFIX), strict=False))
