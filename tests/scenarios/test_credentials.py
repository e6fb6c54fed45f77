"""A refused API key holds all calls; they continue without help when the key works again."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.simulator.askelephant.options import SCOPES
from tests.support.bridge_client import entries
from tests.support.stack import Stack
from tests.support.waiting import wait_for

KEY = "sandbox"
PROBES = 2


@pytest.fixture
def stack(solo: Stack) -> Iterator[Stack]:
    """Give ``solo``, and restore a working key afterwards."""
    yield solo
    solo.sandbox.control("keys", {"id": KEY, "revoked": False, "scopes": sorted(SCOPES)})
    wait_for(lambda: solo.bridge.stats()["hold"], lambda hold: hold is None, "the hold ends")


def test_while_the_key_is_refused_calls_wait_and_one_request_at_a_time_tries_it(
    stack: Stack,
) -> None:
    """After the first 401 calls wait, and only probes are sent until the key works."""
    stack.sandbox.control("keys", {"id": KEY, "revoked": True})
    before = _refusals(stack, 401)
    first = stack.bridge.send_call(stack.call())
    wait_for(lambda: stack.bridge.stats()["hold"], bool, "the hold starts")
    begun = time.monotonic()
    calls = [first, *(stack.bridge.send_call(stack.call()) for _ in range(10))]
    wait_for(lambda: _refusals(stack, 401) - before, lambda now: now > PROBES, "probes are made")
    most = 2 + (time.monotonic() - begun)  # the first, one per second, one at the edge
    assert _refusals(stack, 401) - before <= most
    assert {stack.bridge.call(one.call_id)["state"] for one in calls} == {"recorded"}

    stack.sandbox.control("keys", {"id": KEY, "revoked": False})
    done = [stack.bridge.reaches(call, "complete") for call in calls]
    assert all(entries(call, "step.held")[0]["reason"] == "credentials_refused" for call in done)
    assert all(len(stack.engagements(call)) == 1 for call in calls)


@pytest.mark.parametrize("scope", ["engagements:write", "engagements:read"])
def test_a_missing_scope_is_named_where_the_operator_looks(stack: Stack, scope: str) -> None:
    """After three calls met a missing scope, ``/readyz`` warns, and the API names the scope."""
    stack.sandbox.control("keys", {"id": KEY, "scopes": sorted(SCOPES - {scope})})
    calls = [stack.bridge.send_call(stack.call()) for _ in range(3)]
    hold: Any = wait_for(lambda: stack.bridge.stats()["hold"], bool, "the hold starts")
    assert (hold["reason"], scope in hold["detail"]) == ("scope_missing", True)
    warnings = stack.bridge.warnings()
    assert any("scope_missing (HTTP 403)" in warning for warning in warnings)
    assert not any(scope in warning for warning in warnings)
    assert stack.bridge.readiness()["status"] == "ready"
    stack.sandbox.control("keys", {"id": KEY, "scopes": sorted(SCOPES)})
    for call in calls:
        stack.bridge.reaches(call, "complete")


def _refusals(stack: Stack, status: int) -> int:
    return sum(one["status"] == status for one in stack.sandbox.journal()["requests"])
