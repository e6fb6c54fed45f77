"""Counters and last-seen times of all processes."""

from datetime import timedelta

import pytest

from tests.support.store import NOW, Store


def test_what_is_counted_adds_up_over_all_processes(store: Store) -> None:
    """Counters of all processes add up, and are sorted by name."""
    assert store.counters.all() == {}
    for name in ("b", "a", "b"):
        store.counters.count(name)
    assert list(store.counters.all().items()) == [("a", 1), ("b", 2)]


def test_unmapped_agents_are_counted_each(store: Store) -> None:
    """Each unmapped agent is counted."""
    store.counters.count_unmapped_agents([])
    store.counters.count_unmapped_agents(["usr_2", "usr_1", "usr_2"])
    assert store.counters.unmapped_agents() == {"usr_1": 1, "usr_2": 2}


def test_the_list_of_unmapped_agents_is_bounded(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of unmapped agents is limited, and known ones are still counted."""
    monkeypatch.setattr("bridge.store.counters.LISTED_AGENTS", 2)
    store.counters.count_unmapped_agents(["usr_1", "usr_2", "usr_3", "usr_1"])
    assert store.counters.unmapped_agents() == {"usr_1": 2, "usr_2": 1}


def test_the_list_of_unmapped_agents_is_dropped_in_time(store: Store) -> None:
    """The list of unmapped agents expires, and counting does not extend it."""
    keep = timedelta(days=1)
    store.counters.count_unmapped_agents(["+12125550100"], keep)
    store.counters.count_unmapped_agents(["+12125550100"], 2 * keep)
    assert 0 < store.redis.ttl(store.keys.unmapped_agents) <= keep.total_seconds()
    store.counters.expire_unmapped_agents(2 * keep)
    assert store.redis.ttl(store.keys.unmapped_agents) <= keep.total_seconds()


def test_a_list_without_an_end_gets_one(store: Store) -> None:
    """A list without an expiry, from an earlier version, gets one."""
    store.redis.hset(store.keys.unmapped_agents, "+12125550100", 7)
    store.counters.expire_unmapped_agents(timedelta(days=1))
    assert 0 < store.redis.ttl(store.keys.unmapped_agents) <= 24 * 3600
    assert store.counters.unmapped_agents() == {"+12125550100": 7}


def test_signs_are_remembered_by_their_last_time(store: Store) -> None:
    """The last time of each sign is stored; one that never happened has none."""
    store.counters.saw("webhook", NOW)
    store.counters.saw("webhook", NOW + timedelta(seconds=1.5))
    assert store.counters.last_saw("webhook") == NOW + timedelta(seconds=1.5)
    assert store.counters.last_saw("poll") is None
