"""Slow responses of WAVV's API delay no other call, with one worker."""

from collections.abc import Iterator

import pytest

from config.broker import LINK_SLOTS, WORKER_THREADS
from tests.support.stack import Stack, sent_alone
from tests.support.waiting import wait_for
from tests.support.wavv_api import KEY, WavvRest, running_wavv

MORE_THAN_THREADS = WORKER_THREADS + 5
SOON = 10.0
"""Seconds: an idle machine needs one. A request for a dripping link ends after 13."""


@pytest.fixture(scope="module")
def wavv() -> Iterator[WavvRest]:
    """Run WAVV's API."""
    with running_wavv() as rest:
        yield rest


@pytest.fixture(scope="module")
def linked(solo: Stack, wavv: WavvRest) -> Iterator[Stack]:
    """Make the worker fetch links from this API for a long time."""
    solo.restart(
        "worker",
        BRIDGE_WAVV_API_KEY=KEY,
        BRIDGE_WAVV_BASE_URL=wavv.url,
        BRIDGE_RECORDING_DEADLINE="120",
        BRIDGE_RECORDING_FIRST_DELAY="1",
        BRIDGE_RECORDING_MAX_DELAY="2",
    )
    solo.wait_until_working()
    yield solo
    solo.restart("worker")


def test_slow_links_keep_no_other_submission_back(linked: Stack, wavv: WavvRest) -> None:
    """Fetching links uses fewer slots than submissions, so submissions are not delayed."""
    wavv.drips, given, requested = True, len(wavv.links), len(wavv.requested)
    linkless = [sent_alone(linked, recording_url="") for _ in range(MORE_THAN_THREADS)]
    wait_for(
        lambda: len(wavv.requested) - requested,
        lambda count: count >= LINK_SLOTS,
        "links are fetched",
    )
    call = linked.bridge.send_call(linked.call())
    linked.bridge.reaches(call, "complete", SOON)
    assert len(wavv.links) == given
    wavv.ready |= {one.call_id for one in linkless}
    wavv.drips = False
    for one in linkless:
        linked.bridge.reaches(one, "complete")
