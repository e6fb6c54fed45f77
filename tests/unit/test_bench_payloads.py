"""Tests for the benchmark's events: distinct, and accepted by the bridge and the peers."""

from bench import payloads
from bridge.wavv.events import Ignored, Reading, parse_event


def test_no_two_events_are_the_same() -> None:
    """No event is a duplicate, which the bridge would skip at no cost."""
    events = [body for seed in range(3) for body in payloads.bodies(20, seed)]
    assert len(set(events)) == 3 * 20 * 3


def test_every_call_has_three_events_that_the_bridge_reads() -> None:
    """The bridge reads each of the three events of a call and ignores none."""
    heard = [parse_event(body, Reading()) for body in payloads.bodies(2, seed=1)]
    calls = [event.call_id for event in heard if not isinstance(event, Ignored)]
    assert len(calls) == 6
    assert len(set(calls)) == 2
