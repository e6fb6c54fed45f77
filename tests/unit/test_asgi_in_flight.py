"""The bytes of all bodies that one process holds are bounded, and small bodies are free."""

import pytest

from bridge.asgi.in_flight import FREE, BodiesInFlight
from bridge.errors import NotStored

LIMIT = 1000


@pytest.fixture
def bodies() -> BodiesInFlight:
    """Return a small budget."""
    return BodiesInFlight(LIMIT)


def test_small_bodies_are_free(bodies: BodiesInFlight) -> None:
    """Whatever the large ones hold."""
    bodies.share().grow(FREE + LIMIT)
    for _ in range(100):
        bodies.share().grow(FREE)


def test_the_oldest_large_body_makes_room(bodies: BodiesInFlight) -> None:
    """And as many as are needed, in the order in which they came."""
    shares = [bodies.share() for _ in range(4)]
    for share in shares:
        share.grow(FREE + 250)
    bodies.share().grow(FREE + 400)
    assert [share.is_evicted for share in shares] == [True, True, False, False]


def test_a_whole_body_makes_no_room(bodies: BodiesInFlight) -> None:
    """It is about to be stored: the newcomer is refused, and its sender retries."""
    whole, newcomer = bodies.share(), bodies.share()
    whole.grow(FREE + LIMIT)
    whole.keep()
    with pytest.raises(NotStored, match="send this event again"):
        newcomer.grow(FREE + 1)
    newcomer.release()
    whole.release()
    bodies.share().grow(FREE + LIMIT)


def test_what_is_released_is_there_again(bodies: BodiesInFlight) -> None:
    """Once, even if an evicted share is released by its request as well."""
    for _ in range(10):
        evicted, other = bodies.share(), bodies.share()
        evicted.grow(FREE + LIMIT)
        other.grow(FREE + LIMIT)
        evicted.release()
        other.grow(FREE + LIMIT)
        assert evicted.is_evicted
        assert not other.is_evicted
        other.release()
