"""Wrong tokens by address: bounded in number, in time, and in memory."""

import pytest
from structlog.testing import capture_logs

from bridge.api.auth import SHORTEST, warn_of_short
from bridge.api.failures import MOST, MOST_ADDRESSES, WINDOW_SECONDS, Failures


class Clock:
    """A clock that stands until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def failing(failures: Failures, address: str, times: int) -> list[int]:
    """Fail so often; return what was said each time."""
    return [failures.add(address) for _ in range(times)]


def test_so_many_may_fail_and_then_none_until_the_first_is_old() -> None:
    """The wait is told in whole seconds, and enough of them."""
    clock = Clock()
    failures = Failures(clock)
    assert failing(failures, "192.0.2.1", MOST) == [0] * MOST
    assert failures.add("192.0.2.1") == WINDOW_SECONDS
    clock.now += WINDOW_SECONDS - 0.5
    assert failures.add("192.0.2.1") == 1
    clock.now += 0.5
    assert failures.add("192.0.2.1") == 0


def test_asking_for_the_wait_is_no_failure() -> None:
    """Nor does a refusal make the wait longer: who stops guessing is let in a minute later."""
    clock = Clock()
    failures = Failures(clock)
    assert [failures.wait("192.0.2.1") for _ in range(2 * MOST)] == [0] * 2 * MOST
    failing(failures, "192.0.2.1", 3 * MOST)
    assert failures.wait("192.0.2.1") == WINDOW_SECONDS
    clock.now += WINDOW_SECONDS
    assert failures.wait("192.0.2.1") == 0


def test_one_address_is_not_blamed_for_another() -> None:
    """Each has its own count."""
    failures = Failures(Clock())
    failing(failures, "192.0.2.1", MOST)
    assert failures.add("192.0.2.2") == 0


def test_a_network_of_ipv6_is_one_subscriber() -> None:
    """Who has 2^64 addresses has one count all the same."""
    failures = Failures(Clock())
    for number in range(MOST):
        assert failures.add(f"2001:db8::{number:x}") == 0
    assert failures.add("2001:db8::ffff:1") > 0
    assert failures.add("2001:db8:0:1::1") == 0


def test_addresses_of_ipv4_are_apart_also_when_they_are_written_as_ipv6() -> None:
    """A server that listens on ``::`` sees them so; they have one network, and are not one."""
    failures = Failures(Clock())
    failing(failures, "::ffff:192.0.2.1", MOST)
    assert failures.wait("192.0.2.1") > 0
    assert failures.wait("::ffff:192.0.2.2") == 0


def test_an_address_that_is_none_is_counted_as_it_is() -> None:
    """A proxy may say anything, or there is no address at all."""
    failures = Failures(Clock())
    for odd in ("", "unknown", "fe80::1%eth0", "192.0.2.1:50000"):
        failing(failures, odd, MOST)
        assert failures.wait(odd) > 0


def test_the_memory_of_addresses_is_bounded() -> None:
    """The one that failed longest ago is forgotten, one that keeps failing is not."""
    failures = Failures(Clock())
    failing(failures, "192.0.2.1", MOST)
    failing(failures, "192.0.2.2", MOST)
    for number in range(MOST_ADDRESSES - 1):
        failures.add(f"host-{number}")
        assert failures.add("192.0.2.2") > 0
    assert failures.add("192.0.2.1") == 0


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
