"""Tests for the throttle of wrong API tokens: bounded in number, time and memory."""

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bridge.api.auth import SHORTEST, warn_of_short
from bridge.api.token_throttle import MOST, MOST_ADDRESSES, WINDOW_SECONDS, TokenThrottle
from config.tokens import read_tokens


class Clock:
    """A clock whose time changes only when the test sets it."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


def failing(throttle: TokenThrottle, address: str, times: int) -> list[int]:
    """Count this many failures of an address; return the wait after each."""
    return [throttle.add(address) for _ in range(times)]


def test_an_address_waits_after_the_most_failures_in_a_window() -> None:
    """After ``MOST`` failures the wait lasts until the first is older than the window."""
    clock = Clock()
    throttle = TokenThrottle(clock)
    assert failing(throttle, "192.0.2.1", MOST) == [0] * MOST
    assert throttle.add("192.0.2.1") == WINDOW_SECONDS
    clock.now += WINDOW_SECONDS - 0.5
    assert throttle.add("192.0.2.1") == 1
    clock.now += 0.5
    assert throttle.add("192.0.2.1") == 0


def test_reading_the_wait_counts_no_failure() -> None:
    """``wait`` counts no failure, and a rejected attempt does not prolong the wait."""
    clock = Clock()
    throttle = TokenThrottle(clock)
    assert [throttle.wait("192.0.2.1") for _ in range(2 * MOST)] == [0] * 2 * MOST
    failing(throttle, "192.0.2.1", 3 * MOST)
    assert throttle.wait("192.0.2.1") == WINDOW_SECONDS
    clock.now += WINDOW_SECONDS
    assert throttle.wait("192.0.2.1") == 0


def test_each_address_has_its_count() -> None:
    """Failures of one address do not make another one wait."""
    throttle = TokenThrottle(Clock())
    failing(throttle, "192.0.2.1", MOST)
    assert throttle.add("192.0.2.2") == 0


def test_a_network_of_ipv6_is_one_subscriber() -> None:
    """All IPv6 addresses of one /64 network share one count."""
    throttle = TokenThrottle(Clock())
    for number in range(MOST):
        assert throttle.add(f"2001:db8::{number:x}") == 0
    assert throttle.add("2001:db8::ffff:1") > 0
    assert throttle.add("2001:db8:0:1::1") == 0


def test_ipv4_addresses_in_ipv6_form_have_separate_counts() -> None:
    """An IPv4-mapped address counts as its IPv4 address and not as part of one network."""
    throttle = TokenThrottle(Clock())
    failing(throttle, "::ffff:192.0.2.1", MOST)
    assert throttle.wait("192.0.2.1") > 0
    assert throttle.wait("::ffff:192.0.2.2") == 0


def test_a_malformed_address_is_counted_as_text() -> None:
    """A text that is no address, which a proxy may send, has a count under that text."""
    throttle = TokenThrottle(Clock())
    for odd in ("", "unknown", "fe80::1%eth0", "192.0.2.1:50000"):
        failing(throttle, odd, MOST)
        assert throttle.wait(odd) > 0


def test_the_memory_of_addresses_is_bounded() -> None:
    """Beyond ``MOST_ADDRESSES`` the address with the oldest failure is dropped."""
    throttle = TokenThrottle(Clock())
    failing(throttle, "192.0.2.1", MOST)
    failing(throttle, "192.0.2.2", MOST)
    for number in range(MOST_ADDRESSES - 1):
        throttle.add(f"host-{number}")
        assert throttle.add("192.0.2.2") > 0
    assert throttle.add("192.0.2.1") == 0


@pytest.mark.parametrize(
    ("secrets", "warned"),
    [((), False), (("a" * SHORTEST,), False), (("a" * SHORTEST, "a" * (SHORTEST - 1)), True)],
)
def test_short_tokens_are_warned_of(secrets: tuple[str, ...], *, warned: bool) -> None:
    """A token whose secret is too short is logged as a warning with its name, not its secret."""
    with capture_logs() as lines:
        warn_of_short(read_tokens([SecretStr(f"ops-{len(one)}/read:{one}") for one in secrets]))
    assert [line["entries"] for line in lines] == ([[f"ops-{SHORTEST - 1}"]] if warned else [])
    assert not [line for line in lines if "aaa" in str(line)]
