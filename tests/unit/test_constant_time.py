"""Tokens, secrets and signatures are compared in constant time: how long it takes tells nothing."""

import hmac
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.security import HTTPAuthorizationCredentials

from bridge.api.auth import require_token
from bridge.api.token_throttle import TokenThrottle
from bridge.wavv.signature import sign, verify_shared_secret, verify_signature

SECRETS = ("first-secret", "second", "whsec_the-third-and-longest-secret")


def token(presented: str) -> None:
    """Present an API token."""
    state = SimpleNamespace(api_tokens=SECRETS, token_throttle=TokenThrottle(lambda: 0.0))
    request: Any = SimpleNamespace(app=SimpleNamespace(state=state), client=None)
    require_token(request, HTTPAuthorizationCredentials(scheme="Bearer", credentials=presented))


def shared(presented: str) -> None:
    """Present a shared secret of WAVV's forwarders."""
    verify_shared_secret(presented, SECRETS)


def signature(presented: str) -> None:
    """Present an event that was signed with it."""
    verify_signature(sign(b"{}", presented, 1000.0), b"{}", SECRETS, 1000.0, 300.0)


@pytest.mark.parametrize("present", [token, shared, signature])
@pytest.mark.parametrize("presented", SECRETS)
def test_a_right_one_is_compared_with_all_that_are_known(
    present: Callable[[str], None], presented: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a comparison whose time depends on no value, of values whose length tells nothing."""
    compared: list[tuple[bytes, bytes]] = []
    honest = hmac.compare_digest

    def recorded(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return honest(one, other)

    monkeypatch.setattr(hmac, "compare_digest", recorded)
    present(presented)
    assert len(compared) >= len(SECRETS)
    assert {len(one) for pair in compared for one in pair} == {32}
