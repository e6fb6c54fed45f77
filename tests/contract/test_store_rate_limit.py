"""The rate limit: no window of its length has more requests."""

import time

import pytest

from bridge.store.rate_limit import RateLimit
from config.types import PERIODS, Rate
from tests.support.store import Store, at_once

SECOND, MINUTE, HOUR = PERIODS


def test_without_a_rate_everything_is_within_the_budget(store: Store) -> None:
    """Without a rate limit every request is allowed, and none is counted."""
    limit = RateLimit(store.redis, store.keys, None)
    assert [limit.acquire() for _ in range(100)] == [None] * 100
    assert store.key_names() == set()


@pytest.mark.parametrize("per", PERIODS)
def test_a_used_up_limit_names_its_next_request(store: Store, per: object) -> None:
    """A used-up limit returns when its first request leaves the window."""
    rate = Rate(3, per)  # type: ignore[arg-type]  # a parameter
    limit, begun = RateLimit(store.redis, store.keys, rate), time.time()
    assert [limit.acquire() for _ in range(3)] == [None] * 3
    again = limit.acquire()
    assert again is not None
    assert again.timestamp() == pytest.approx(begun + rate.per.total_seconds(), abs=1)


def test_all_workers_share_one_budget(real_store: Store) -> None:
    """All workers share one limit."""
    rate = Rate(10, HOUR)
    got: list[bool] = []

    def work() -> None:
        got.append(RateLimit(real_store.redis, real_store.keys, rate).acquire() is None)

    at_once(*[work] * 16)
    assert got.count(True) == 10


@pytest.mark.parametrize(("per", "spent"), [(SECOND, 18), (MINUTE, 20)])
def test_of_a_seconds_budget_a_tenth_is_kept_back(
    real_store: Store, per: object, spent: int
) -> None:
    """A tenth of a limit per second is reserved, because requests may arrive faster."""
    limit = RateLimit(real_store.redis, real_store.keys, Rate(20, per))  # type: ignore[arg-type]  # a parameter
    assert [limit.acquire() is None for _ in range(20)].count(True) == spent


def test_the_window_forgets_itself(store: Store) -> None:
    """The window expires when no request is made."""
    RateLimit(store.redis, store.keys, Rate(1, MINUTE)).acquire()
    (name,) = store.key_names()
    assert 0 < store.redis.ttl(store.keys.of(name)) <= 60
