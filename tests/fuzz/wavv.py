"""WAVV's events: any body is read, ignored or refused, and read metadata can be stored."""

import json
from datetime import UTC, datetime
from random import Random
from typing import Any

from hypothesis import strategies as st

from bridge.domain.call import Kind, Metadata
from bridge.domain.events import CallHeard
from bridge.errors import EventError
from bridge.simulator.wavv.channels import SHAPES, delivery
from bridge.simulator.wavv.samples import sample_call
from bridge.wavv.aliases import ALIASES
from bridge.wavv.envelope import CALL_KEYS, NAME_KEYS
from bridge.wavv.events import Reading, check_event, parse_event
from tests.fuzz.mutation import NASTY, SEEDS, mutated
from tests.fuzz.target import Target

BEGUN = datetime(2026, 5, 13, 9, 30, tzinfo=UTC)
READINGS = (Reading(), Reading(region="DE", inbound_lead="caller_id"))
KEYS = sorted({key for keys in ALIASES.values() for key in keys} | {*CALL_KEYS, *NAME_KEYS})
SAMPLES = tuple(
    delivery(sample_call(Random(number), BEGUN), kind, channel).body  # noqa: S311 - made-up calls
    for number in range(10)
    for kind in Kind
    for channel in SHAPES
)
"""Every kind of event of every channel."""

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=5), SCALARS)
OBJECTS = st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=10), VALUES, max_size=8)


def body(rng: Random) -> bytes:
    """Return an event's body with something wrong with it; one in ten is valid."""
    sample = rng.choice(SAMPLES)
    if rng.random() < 0.3:
        return _odd(json.loads(sample), rng)
    return sample if rng.random() < 0.1 else mutated(sample, rng)


def _odd(event: dict[str, Any], rng: Random) -> bytes:
    inner = [event, *(value for value in event.values() if isinstance(value, dict))]
    place = rng.choice(inner)
    for _ in range(rng.randint(1, 3)):
        value = rng.choice(NASTY).decode("utf-8", "replace")
        place[rng.choice((*place, rng.choice(KEYS)))] = rng.choice(
            (value, [value], {value: value}, rng.randint(-(2**70), 2**70), rng.random(), None, True)
        )
    return json.dumps(event, ensure_ascii=rng.random() < 0.5).encode(errors="surrogatepass")


def check(raw: bytes) -> None:
    """Raise unless the event is read or refused, and the ingress accepts what the intake reads."""
    for reading in READINGS:
        try:
            heard = parse_event(raw, reading)
        except EventError:
            continue
        check_event(raw, reading)
        if isinstance(heard, CallHeard):
            stored = heard.metadata.model_dump_json()
            assert Metadata.model_validate_json(stored) == heard.metadata


NEAR = SEEDS.map(lambda seed: body(Random(seed)))  # noqa: S311 - mutations are no secrets
TARGET = Target(
    "WAVV's events",
    (NEAR, OBJECTS.map(lambda event: json.dumps(event).encode()), NEAR, st.binary(max_size=200)),
    check,
)
