"""Leases: one holder at a time, and an expiry."""

import pytest

from tests.support.store import LEASE_TIME, Store


def test_only_one_holds_a_lease(store: Store) -> None:
    """One worker holds a lease, the other gets none, and other names are free."""
    with store.lease("c-1") as first, store.lease("c-1") as second:
        assert first is not None
        assert second is None
        with store.lease("c-2") as other:
            assert other is not None


def test_a_lease_is_released(store: Store) -> None:
    """A lease is released after its block, also after an exception; each has its own token."""
    with pytest.raises(ZeroDivisionError), store.lease("c-1") as first:
        _ = 1 / 0
    with store.lease("c-1") as second:
        assert first is not None
        assert second is not None
        assert first.token != second.token
    assert store.key_names() == set()


def test_a_lease_ends_by_itself(store: Store) -> None:
    """A lease expires without a release."""
    with store.lease("c-1"):
        left = store.redis.pttl(store.keys.lease("c-1"))
        assert 0 < left <= LEASE_TIME.total_seconds() * 1000


def test_an_expired_lease_of_another_holder_is_not_released(store: Store) -> None:
    """Releasing an expired lease does not release the next holder's."""
    with store.lease("c-1"):
        store.redis.set(store.keys.lease("c-1"), "theirs")
    assert store.redis.get(store.keys.lease("c-1")) == b"theirs"


def test_who_got_no_lease_gives_none_back(store: Store) -> None:
    """A worker without the lease releases nothing."""
    with store.lease("c-1") as first:
        with store.lease("c-1"):
            pass
        assert first is not None
        assert store.redis.get(store.keys.lease("c-1")) == first.token.encode()


def test_the_sweep_is_leased_apart_from_every_call(store: Store) -> None:
    """No call id can be the name of the sweep's lease."""
    with store.lease("sweep"), store.leases.hold_sweep() as first:
        assert first is not None
        with store.leases.hold_sweep() as second:
            assert second is None


def test_a_lease_whose_confirmation_was_lost_is_ours(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease whose confirmation was lost is held, because the repeated request finds its token."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "our-token")
    store.redis.set(store.keys.lease("c-1"), "our-token")
    with store.lease("c-1") as lease:
        assert lease is not None
    assert not store.redis.exists(store.keys.lease("c-1"))
