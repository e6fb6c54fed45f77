"""Without webhooks of AskElephant calls complete, and the operator is warned."""

import pytest

from tests.support.bridge_client import entries
from tests.support.stack import Stack
from tests.support.waiting import wait_for

pytestmark = pytest.mark.brokers("redis")  # what is silent is a webhook, and no broker knows of it
NAME = "askelephant_webhook"


def test_a_silent_webhook_is_warned_of_until_it_speaks(solo: Stack) -> None:
    """Without webhooks the bridge polls and ``/readyz`` warns; the first webhook ends this."""
    hook = f"{solo.bridge.url}/webhooks/askelephant"
    solo.sandbox.control("webhook", {"url": None})
    call = solo.bridge.reaches(solo.bridge.send_call(solo.call()), "complete")
    assert [entry["source"] for entry in entries(call, "transcript.ready")] == ["poll"]
    readiness = solo.bridge.readiness()
    assert readiness["status"] == "ready"
    assert any(warning.startswith(NAME) for warning in readiness["warnings"])

    solo.sandbox.control("webhook", {"url": hook})
    solo.bridge.send_call(solo.call())
    wait_for(
        solo.bridge.warnings,
        lambda warnings: not any(warning.startswith(NAME) for warning in warnings),
        "the webhook has spoken",
    )
