"""Tests for the memory limit of all bodies that one process receives at the same time."""

import pytest

from bridge.asgi.in_flight import FREE, BodiesInFlight
from bridge.errors import NotStoredError

LIMIT = 1000


@pytest.fixture
def bodies() -> BodiesInFlight:
    """Return a budget of 1000 bytes."""
    return BodiesInFlight(LIMIT)


def test_small_bodies_are_free(bodies: BodiesInFlight) -> None:
    """Small bodies are accepted although large bodies have used the budget."""
    bodies.share().grow(FREE + LIMIT)
    for _ in range(100):
        bodies.share().grow(FREE)


def test_the_oldest_large_bodies_are_evicted(bodies: BodiesInFlight) -> None:
    """A new large body evicts as many older ones as it needs, oldest first."""
    shares = [bodies.share() for _ in range(4)]
    for share in shares:
        share.grow(FREE + 250)
    bodies.share().grow(FREE + 400)
    assert [share.is_evicted for share in shares] == [True, True, False, False]


def test_a_complete_body_is_not_evicted(bodies: BodiesInFlight) -> None:
    """A complete body is kept, and the new body is rejected with advice to resend it."""
    whole, newcomer = bodies.share(), bodies.share()
    whole.grow(FREE + LIMIT)
    whole.keep()
    with pytest.raises(NotStoredError, match="send this event again"):
        newcomer.grow(FREE + 1)
    newcomer.release()
    whole.release()
    bodies.share().grow(FREE + LIMIT)


def test_released_bytes_are_available_again(bodies: BodiesInFlight) -> None:
    """A release returns the bytes once, also when an evicted share is released twice."""
    for _ in range(10):
        evicted, other = bodies.share(), bodies.share()
        evicted.grow(FREE + LIMIT)
        other.grow(FREE + LIMIT)
        evicted.release()
        other.grow(FREE + LIMIT)
        assert evicted.is_evicted
        assert not other.is_evicted
        other.release()
