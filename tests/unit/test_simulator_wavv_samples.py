"""Tests that the parser reads the sample calls."""

from datetime import UTC, datetime
from random import Random

import phonenumbers
import pytest

from bridge.domain.call import Kind
from bridge.domain.events import CallHeard
from bridge.simulator.wavv.channels import Channel, deliveries
from bridge.simulator.wavv.delivery import Delivery
from bridge.simulator.wavv.samples import SampleCall, sample_call
from bridge.wavv.events import Reading, parse_event

AT = datetime(2026, 5, 13, 14, 0, tzinfo=UTC)
CHANNELS: tuple[Channel, ...] = ("v3", "sdk", "crm")


def sample(seed: int, behaviour: str = "") -> SampleCall:
    """Return the sample call of this seed."""
    return sample_call(Random(seed), AT, behaviour)  # noqa: S311 - made-up calls


def heard(delivery: Delivery) -> CallHeard:
    """Return the call event that ``delivery`` is parsed into."""
    event = parse_event(delivery.body, Reading())
    assert isinstance(event, CallHeard)
    return event


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_parser_reads_the_events_of_every_channel(channel: Channel) -> None:
    """Each channel's three events are read in order, without notes."""
    for seed in range(20):
        call = sample(seed)
        events = [heard(delivery) for delivery in deliveries(call, channel)]
        assert [event.kind for event in events] == [Kind.STARTED, Kind.ENDED, Kind.RECORDED]
        assert [event.sent_at for event in events] == [call.sent_at(event.kind) for event in events]
        assert {event.call_id for event in events} == {call.call_id}
        assert {event.metadata.lead_phone for event in events} == {f"+1{call.lead_phone}"}
        assert [event.metadata.seconds for event in events] == [None, call.seconds, call.seconds]
        urls = [event.metadata.recording_url for event in events]
        assert urls == [None, None, call.recording_url]
        assert {event.notes for event in events} == {()}


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_same_seed_and_time_make_the_same_bytes(channel: Channel) -> None:
    """One seed and time give the same bytes."""
    assert deliveries(sample(7), channel) == deliveries(sample(7), channel)
    assert deliveries(sample(7), channel) != deliveries(sample(8), channel)


def test_an_unrecorded_call_only_starts_and_ends() -> None:
    """An unrecorded call has a start and an end event."""
    kinds = [heard(delivery).kind for delivery in deliveries(sample(1), recorded=False)]
    assert kinds == [Kind.STARTED, Kind.ENDED]


def test_a_behaviour_follows_the_tilde_in_the_id_and_nowhere_else() -> None:
    """The behaviour is in the call id after a tilde and in no other field."""
    call = sample(1, "throttled")
    assert call.call_id == f"{sample(1).call_id}~throttled"
    assert call.recording_url == sample(1).recording_url


def test_samples_use_fictional_contacts() -> None:
    """E-mails are of example.com and numbers of the range reserved for fiction."""
    for seed in range(50):
        call = sample(seed)
        assert call.lead_email.endswith("@example.com")
        for phone in (call.lead_phone, call.caller_id):
            assert phone[3:8] == "55501"
            assert phonenumbers.is_possible_number(phonenumbers.parse(phone, "US"))


def test_inbound_calls_are_among_the_samples_and_start_as_incoming() -> None:
    """About one in ten sample calls is inbound and starts with ``call.incoming``."""
    inbound = [call for call in map(sample, range(100)) if call.direction == "inbound"]
    assert 2 <= len(inbound) <= 25
    assert all(b'"call.incoming"' in deliveries(call)[0].body for call in inbound)
