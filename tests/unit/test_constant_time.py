"""Tests that tokens, secrets and signatures are compared in constant time."""

import hmac
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.security import HTTPAuthorizationCredentials
from pydantic import SecretStr

from bridge.api.auth import require_token
from bridge.api.token_throttle import TokenThrottle
from bridge.wavv.signature import sign, verify_shared_secret, verify_signature
from config.tokens import read_tokens

SECRETS = ("first-secret", "second", "whsec_the-third-and-longest-secret")


def token(presented: str) -> None:
    """Present an API token."""
    tokens = read_tokens([SecretStr(secret) for secret in SECRETS])
    state = SimpleNamespace(api_tokens=tokens, token_throttle=TokenThrottle(lambda: 0.0))
    request: Any = SimpleNamespace(app=SimpleNamespace(state=state), client=None)
    require_token(request, HTTPAuthorizationCredentials(scheme="Bearer", credentials=presented))


def shared(presented: str) -> None:
    """Present a shared secret of a WAVV forwarder."""
    verify_shared_secret(presented, SECRETS)


def signature(presented: str) -> None:
    """Present an event that is signed with this secret."""
    verify_signature(sign(b"{}", presented, 1000.0), b"{}", SECRETS, 1000.0, 300.0)


@pytest.mark.parametrize("present", [token, shared, signature])
@pytest.mark.parametrize("presented", SECRETS)
def test_a_valid_secret_is_compared_with_every_known_one(
    present: Callable[[str], None], presented: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A valid secret is compared with all, in constant time and as digests of equal length."""
    compared: list[tuple[bytes, bytes]] = []
    original = hmac.compare_digest

    def recorded(first: bytes, second: bytes) -> bool:
        compared.append((first, second))
        return original(first, second)

    monkeypatch.setattr(hmac, "compare_digest", recorded)
    present(presented)
    assert len(compared) >= len(SECRETS)
    assert {len(value) for pair in compared for value in pair} == {32}
