"""Redis behind three Sentinels, whose primary is killed during a run."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bridge.simulator.wavv.channels import deliveries
from bridge.simulator.wavv.samples import SampleCall
from tests.support.leaks import leaks
from tests.support.sentinels import Sentinels, running_sentinels
from tests.support.stack import Stack, running_stack
from tests.support.waiting import WITHIN, wait_for

CALLS = 12


@pytest.fixture
def sentinels(tmp_path: Path) -> Iterator[Sentinels]:
    """Run the servers for one test, which kills the primary."""
    with running_sentinels(tmp_path) as running:
        yield running


@pytest.fixture
def stack(sentinels: Sentinels, tmp_path: Path) -> Iterator[Stack]:
    """Run a stack that finds its store and its broker through the Sentinels."""
    # A recording that was being handled is handled again, 30 seconds after the failover.
    patience = {"BRIDGE_RECORDING_DEADLINE": str(2 * WITHIN)}
    with running_stack("sentinel", sentinels.url, tmp_path, **patience) as running:
        yield running
    assert not leaks(running)


def test_calls_survive_the_loss_of_the_primary(stack: Stack, sentinels: Sentinels) -> None:
    """Replicated calls complete once each after the primary's loss; senders get 503 until then.

    Events that were acknowledged and not replicated are lost.
    """
    before = [stack.bridge.send_call(stack.call()) for _ in range(CALLS)]
    sentinels.wait_until_replicated()
    with sentinels.cut_off():
        gone = stack.bridge.send_call(stack.call())
        sentinels.primary.kill()
    after = [stack.call() for _ in range(CALLS)]
    for call in after:
        _send_until_accepted(stack, call)
    assert sentinels.replica_leads()
    wait_for(
        lambda: stack.bridge.http.get("/readyz").status_code, lambda code: code == 200, "ready"
    )
    for call in (*before, *after):
        stack.bridge.reaches(call, "complete")
        assert len(stack.engagements(call)) == 1
    assert stack.bridge.call(gone.call_id) == {}
    assert stack.bridge.stats()["states"]["complete"] == len(before) + len(after)


def _send_until_accepted(stack: Stack, call: SampleCall) -> None:
    """Send each event again until it is accepted, as WAVV does."""
    for one in deliveries(call):
        accepted = partial(stack.bridge.post, one)
        wait_for(accepted, lambda response: response.status == 202, "it is accepted")
