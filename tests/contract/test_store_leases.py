"""Leases: one worker at a time, and never for ever."""

import pytest

from tests.support.store import LEASE_TIME, Store


def test_only_one_holds_a_lease(store: Store) -> None:
    """The other gets none and does nothing; a third name is free."""
    with store.lease("c-1") as first, store.lease("c-1") as second:
        assert first is not None
        assert second is None
        with store.lease("c-2") as other:
            assert other is not None


def test_a_lease_is_given_back(store: Store) -> None:
    """Also by work that breaks; each holding has a token of its own."""
    with pytest.raises(ZeroDivisionError), store.lease("c-1") as first:
        _ = 1 / 0
    with store.lease("c-1") as second:
        assert first is not None
        assert second is not None
        assert first.token != second.token
    assert store.key_names() == set()


def test_a_lease_ends_by_itself(store: Store) -> None:
    """A killed worker cannot give it back."""
    with store.lease("c-1"):
        left = store.redis.pttl(store.keys.lease("c-1"))
        assert 0 < left <= LEASE_TIME.total_seconds() * 1000


def test_a_lease_that_another_has_taken_over_stays_theirs(store: Store) -> None:
    """Ours expired while we worked: giving back must not take theirs."""
    with store.lease("c-1"):
        store.redis.set(store.keys.lease("c-1"), "theirs")
    assert store.redis.get(store.keys.lease("c-1")) == b"theirs"


def test_who_got_no_lease_gives_none_back(store: Store) -> None:
    """The holder keeps it."""
    with store.lease("c-1") as first:
        with store.lease("c-1"):
            pass
        assert first is not None
        assert store.redis.get(store.keys.lease("c-1")) == first.token.encode()


def test_the_sweep_is_leased_apart_from_every_call(store: Store) -> None:
    """A call's id may be any word: no call can keep the sweep from its work."""
    with store.lease("sweep"), store.leases.hold_sweep() as first:
        assert first is not None
        with store.leases.hold_sweep() as second:
            assert second is None


def test_a_lease_whose_confirmation_was_lost_is_ours(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client sends it again, and must not take its own first try for somebody else's."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "our-token")
    store.redis.set(store.keys.lease("c-1"), "our-token")
    with store.lease("c-1") as lease:
        assert lease is not None
    assert not store.redis.exists(store.keys.lease("c-1"))
