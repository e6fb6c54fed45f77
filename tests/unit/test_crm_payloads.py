"""Tests for the CRM payloads that the fuzz and chaos suites send."""

import json
from datetime import UTC, datetime
from random import Random

import pytest

from bridge.simulator.wavv.samples import SampleCall, sample_call
from tests import crm

BEGUN = datetime(2026, 5, 13, 9, 30, 1, 123456, tzinfo=UTC)
SEEDS = range(50)


def seeded(seed: int) -> Random:
    """Return a random generator with this seed."""
    return Random(seed)  # noqa: S311 - made-up calls are no secrets


def call(seed: int) -> SampleCall:
    """Return the sample call of this seed."""
    return sample_call(seeded(seed), BEGUN)


@pytest.mark.parametrize("product", crm.NAMES)
def test_every_payload_is_an_object_with_the_call_id_and_the_last_has_the_link(
    product: str,
) -> None:
    """Each payload is an object with the call id, and the last holds the recording's link."""
    for seed in SEEDS:
        sample = call(seed)
        bodies = [delivery.body for delivery in crm.deliveries(sample, product, seeded(seed))]
        assert all(isinstance(json.loads(body), dict) for body in bodies)
        assert all(sample.call_id.encode() in body for body in bodies)
        assert sample.recording_url.encode() in bodies[-1]


@pytest.mark.parametrize("product", crm.NAMES)
def test_a_nameless_event_has_the_call_id_nowhere(product: str) -> None:
    """A payload without a call id holds the id in no other field."""
    for seed in SEEDS:
        sample = call(seed)
        rendering = crm.nameless(sample, product, seeded(seed))
        values = rendering.body.replace(sample.recording_url.encode(), b"")
        assert sample.call_id.encode() not in values
        assert rendering.call_id is None
