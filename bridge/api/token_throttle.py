"""Limits how many wrong API tokens a client address may send within a minute."""

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from math import ceil
from threading import Lock

MOST = 20
WINDOW_SECONDS = 60.0
MOST_ADDRESSES = 4096
IPV6_PREFIX = 64
"""IPv6 addresses count by their first 64 bits: one subscriber has all addresses of such a network,
and could guess from a new one each time.
"""


class TokenThrottle:
    """Counts wrong API tokens by client address, for a limited number of addresses.

    ``clock`` returns monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()  # FastAPI looks at tokens in several threads
        self._by_address: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, address: str) -> int:
        """Return for how many more seconds the address is refused; 0 if it may send a token."""
        with self._lock:
            return _wait(self._by_address.get(_subscriber(address), ()), self._clock())

    def add(self, address: str) -> int:
        """Count a wrong token. If the address is already refused, return its remaining seconds.

        The token is then not counted. Otherwise return 0.
        """
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
    """Return the seconds until an address with these times of wrong tokens may send another one."""
    if len(times) < MOST or times[0] <= now - WINDOW_SECONDS:
        return 0
    return ceil(times[0] + WINDOW_SECONDS - now)


def _subscriber(address: str) -> str:
    """Return the address or network that is counted: an IPv4 address, or an IPv6 network (/64)."""
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:  # how a server that listens on ``::`` shows IPv4 addresses
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), IPV6_PREFIX), strict=False))
