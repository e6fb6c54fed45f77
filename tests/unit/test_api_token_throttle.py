"""Wrong tokens by address: bounded in number, in time, and in memory."""

import pytest
from structlog.testing import capture_logs

from bridge.api.auth import SHORTEST, warn_of_short
from bridge.api.token_throttle import MOST, MOST_ADDRESSES, WINDOW_SECONDS, TokenThrottle


class Clock:
    """A clock that stands until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def failing(throttle: TokenThrottle, address: str, times: int) -> list[int]:
    """Fail so often; return what was said each time."""
    return [throttle.add(address) for _ in range(times)]


def test_so_many_may_fail_and_then_none_until_the_first_is_old() -> None:
    """The wait is told in whole seconds, and enough of them."""
    clock = Clock()
    throttle = TokenThrottle(clock)
    assert failing(throttle, "192.0.2.1", MOST) == [0] * MOST
    assert throttle.add("192.0.2.1") == WINDOW_SECONDS
    clock.now += WINDOW_SECONDS - 0.5
    assert throttle.add("192.0.2.1") == 1
    clock.now += 0.5
    assert throttle.add("192.0.2.1") == 0


def test_asking_for_the_wait_is_no_failure() -> None:
    """Nor does a refusal make the wait longer: who stops guessing is let in a minute later."""
    clock = Clock()
    throttle = TokenThrottle(clock)
    assert [throttle.wait("192.0.2.1") for _ in range(2 * MOST)] == [0] * 2 * MOST
    failing(throttle, "192.0.2.1", 3 * MOST)
    assert throttle.wait("192.0.2.1") == WINDOW_SECONDS
    clock.now += WINDOW_SECONDS
    assert throttle.wait("192.0.2.1") == 0


def test_one_address_is_not_blamed_for_another() -> None:
    """Each has its own count."""
    throttle = TokenThrottle(Clock())
    failing(throttle, "192.0.2.1", MOST)
    assert throttle.add("192.0.2.2") == 0


def test_a_network_of_ipv6_is_one_subscriber() -> None:
    """Who has 2^64 addresses has one count all the same."""
    throttle = TokenThrottle(Clock())
    for number in range(MOST):
        assert throttle.add(f"2001:db8::{number:x}") == 0
    assert throttle.add("2001:db8::ffff:1") > 0
    assert throttle.add("2001:db8:0:1::1") == 0


def test_addresses_of_ipv4_are_apart_also_when_they_are_written_as_ipv6() -> None:
    """A server that listens on ``::`` sees them so; they have one network, and are not one."""
    throttle = TokenThrottle(Clock())
    failing(throttle, "::ffff:192.0.2.1", MOST)
    assert throttle.wait("192.0.2.1") > 0
    assert throttle.wait("::ffff:192.0.2.2") == 0


def test_an_address_that_is_none_is_counted_as_it_is() -> None:
    """A proxy may say anything, or there is no address at all."""
    throttle = TokenThrottle(Clock())
    for odd in ("", "unknown", "fe80::1%eth0", "192.0.2.1:50000"):
        failing(throttle, odd, MOST)
        assert throttle.wait(odd) > 0


def test_the_memory_of_addresses_is_bounded() -> None:
    """The one that failed longest ago is forgotten, one that keeps failing is not."""
    throttle = TokenThrottle(Clock())
    failing(throttle, "192.0.2.1", MOST)
    failing(throttle, "192.0.2.2", MOST)
    for number in range(MOST_ADDRESSES - 1):
        throttle.add(f"host-{number}")
        assert throttle.add("192.0.2.2") > 0
    assert throttle.add("192.0.2.1") == 0


@pytest.mark.parametrize(
    ("tokens", "warned"),
    [((), False), (("a" * SHORTEST,), False), (("a" * SHORTEST, "a" * (SHORTEST - 1)), True)],
)
def test_short_tokens_are_warned_of(tokens: tuple[str, ...], *, warned: bool) -> None:
    """Without showing one."""
    with capture_logs() as lines:
        warn_of_short(tokens)
    assert bool(lines) is warned
    assert not [line for line in lines if "aaa" in str(line)]
