"""AskElephant's client against the sandbox: API keys, scopes and outages."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bridge.askelephant.client import Outcome
from bridge.askelephant.models import Engagement
from bridge.domain.retry import Trouble
from bridge.simulator.askelephant.options import SCOPES
from tests.support.askelephant_client import OneByOne, failed, made, open_client, request_for
from tests.support.sandbox import Sandbox

Ask = Callable[[OneByOne, str], Outcome]


def _submit(client: OneByOne, _made_before: str) -> Outcome:
    return client.create(request_for("another"))


def _submit_private(client: OneByOne, _made_before: str) -> Outcome:
    return client.create(request_for("another", is_private=True))


def _read(client: OneByOne, made_before: str) -> Outcome:
    return client.read(made_before)


@pytest.mark.parametrize("ask", [_submit, _read])
def test_a_bad_key_is_a_matter_of_credentials(client: OneByOne, sandbox: Sandbox, ask: Ask) -> None:
    """A 401 is a failure of credentials until the key works again, and makes nothing."""
    one = made(client.create(request_for()))
    sandbox.control("keys", {"id": "sandbox", "revoked": True})
    failure = failed(ask(client, one.id))
    assert (failure.trouble, failure.problem.reason) == (
        Trouble.CREDENTIALS, "credentials_refused",
    )  # fmt: skip
    sandbox.control("keys", {"id": "sandbox", "revoked": False})
    assert made(ask(client, one.id)).id


@pytest.mark.parametrize(
    ("scope", "ask"),
    [
        ("engagements:write", _submit),
        ("engagements:private:read", _submit_private),
        ("engagements:read", _read),
        ("contacts:read", _read),
        ("companies:read", _read),
        ("users:read", _read),
    ],
)
def test_a_missing_scope_is_named(client: OneByOne, sandbox: Sandbox, scope: str, ask: Ask) -> None:
    """A 403 with a scope is a failure that names the scope."""
    one = made(client.create(request_for()))
    sandbox.control("keys", {"id": "sandbox", "scopes": sorted(SCOPES - {scope})})
    failure = failed(ask(client, one.id))
    assert (failure.trouble, failure.problem.reason) == (Trouble.FORBIDDEN, "scope_missing")
    assert scope in (failure.problem.detail or "")


@pytest.mark.parametrize(("scheme", "accepted"), [("raw", True), ("bearer", False)])
def test_a_key_goes_without_a_prefix(sandbox: Sandbox, scheme: str, *, accepted: bool) -> None:
    """The key is sent without a prefix; the setting for one is for OAuth tokens."""
    with open_client(sandbox, auth_scheme=scheme) as client:
        outcome = client.create(request_for())
    assert isinstance(outcome, Engagement) is accepted


@pytest.mark.parametrize(
    ("fault", "trouble", "wait"),
    [
        ({"status": 503, "retry_after": "7"}, Trouble.TRANSIENT, 7),
        ({"status": 502}, Trouble.TRANSIENT, None),
        ({"status": 429, "retry_after": "3"}, Trouble.THROTTLED, 3),
    ],
)
def test_the_retry_after_of_an_outage_is_read(
    client: OneByOne,
    sandbox: Sandbox,
    fault: dict[str, Any],
    trouble: Trouble,
    wait: float | None,
) -> None:
    """The ``Retry-After`` of a 503 is read."""
    sandbox.control("faults", fault)
    failure = failed(client.create(request_for()))
    assert failure.trouble is trouble
    assert failure.retry_after == (None if wait is None else timedelta(seconds=wait))


def test_an_api_that_hangs_or_is_not_there_is_transient(sandbox: Sandbox) -> None:
    """A timeout or a refused connection is a transient failure."""
    sandbox.control("faults", {"hang": True})
    with open_client(sandbox, read_timeout=0.1) as client:
        hanging = failed(client.create(request_for()))
    sandbox.control("faults")
    with open_client(sandbox, base_url="http://127.0.0.1:9/api") as client:
        absent = failed(client.create(request_for()))
    assert [one.problem.reason for one in (hanging, absent)] == [
        "askelephant_timeout", "askelephant_unreachable",
    ]  # fmt: skip
    assert {one.trouble for one in (hanging, absent)} == {Trouble.TRANSIENT}
