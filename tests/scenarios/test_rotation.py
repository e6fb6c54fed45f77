"""Secrets are rotated without losing an event: both are valid, then only the new one."""

import time
from collections.abc import Iterator

import pytest

from bridge.simulator.askelephant.options import DEFAULT_WEBHOOK_SECRET as OLD_SVIX
from bridge.simulator.wavv.channels import deliveries
from bridge.simulator.wavv.delivery import by_signature
from tests.support.bridge_client import entries
from tests.support.stack import WAVV_SECRET as OLD_WAVV
from tests.support.stack import Stack
from tests.support.waiting import wait_for

pytestmark = pytest.mark.brokers("redis")  # secrets are the webhooks', and no broker sees them
NEW_WAVV = "whsec_scenarios-next-of-wavv"
NEW_SVIX = "whsec_c2NlbmFyaW9zLW5leHQtb2YtYXNrZWxlcGhhbnQ="


@pytest.fixture(scope="module")
def both(solo: Stack) -> Stack:
    """Run the web process with old and new secrets."""
    solo.restart(
        "web",
        BRIDGE_WAVV_SECRETS=f"{NEW_WAVV},{OLD_WAVV}",
        BRIDGE_ASKELEPHANT_WEBHOOK_SECRETS=f"{NEW_SVIX},{OLD_SVIX}",
    )
    return solo


@pytest.fixture(scope="module")
def only_new(both: Stack) -> Iterator[Stack]:
    """Run the web process with the new secrets only, and restore its settings afterwards."""
    both.restart("web", BRIDGE_WAVV_SECRETS=NEW_WAVV, BRIDGE_ASKELEPHANT_WEBHOOK_SECRETS=NEW_SVIX)
    both.bridge.proof = by_signature(NEW_WAVV, time.time)
    yield both
    both.bridge.proof = by_signature(OLD_WAVV, time.time)
    both.sandbox.control("webhook", {"secrets": [OLD_SVIX]})
    both.restart("web")


@pytest.mark.parametrize("secret", [OLD_WAVV, NEW_WAVV])
def test_while_rotating_either_secret_of_wavv_is_valid(both: Stack, secret: str) -> None:
    """During a rotation WAVV's events with the old and with the new secret are accepted."""
    assert _statuses(both, secret) == [202, 202, 202]


@pytest.mark.parametrize("secrets", [[OLD_SVIX], [OLD_SVIX, NEW_SVIX], [NEW_SVIX]])
def test_while_rotating_any_signature_of_askelephant_is_valid(
    both: Stack, secrets: list[str]
) -> None:
    """During a rotation webhooks with the old, both or the new signature are accepted."""
    both.sandbox.control("webhook", {"secrets": secrets})
    assert _sent_to(both) == "webhook"


def test_afterwards_the_old_secret_of_wavv_is_refused(only_new: Stack) -> None:
    """After the rotation events with WAVV's old secret are refused."""
    assert _statuses(only_new, OLD_WAVV) == [401, 401, 401]
    assert _statuses(only_new, NEW_WAVV) == [202, 202, 202]


def test_afterwards_the_old_secret_of_askelephant_is_refused(only_new: Stack) -> None:
    """After the rotation webhooks with the old secret are refused until the new one signs them."""
    only_new.sandbox.control("webhook", {"secrets": [OLD_SVIX]})
    call = only_new.bridge.send_call(only_new.call("late-insights.400"))
    external_id = f"wavv-call-{call.call_id}"

    def statuses_seen() -> list[int]:
        tried = only_new.sandbox.journal()["deliveries"]
        return [one["status"] for one in tried if one["external_id"] == external_id]

    wait_for(statuses_seen, lambda seen: 401 in seen, "the old signature is refused")
    assert 202 not in statuses_seen()
    only_new.sandbox.control("webhook", {"secrets": [NEW_SVIX]})
    wait_for(statuses_seen, lambda seen: 202 in seen, "the new signature is accepted")
    only_new.bridge.reaches(call, "complete")


def _statuses(stack: Stack, secret: str) -> list[int | None]:
    proof = by_signature(secret, time.time)
    return [stack.bridge.post(event, proof).status for event in deliveries(stack.call())]


def _sent_to(stack: Stack) -> str:
    call = stack.bridge.send_call(stack.call())
    [entry] = entries(stack.bridge.reaches(call, "complete"), "transcript.ready")
    return str(entry["source"])
