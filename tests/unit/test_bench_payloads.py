"""The benchmark's events: fixed, distinct, and such as the bridge and the peers accept."""

from bench import payloads
from bridge.wavv.events import Ignored, Reading, parse_event


def test_no_two_events_are_the_same() -> None:
    """A second one would be a duplicate, and cost nothing."""
    events = [body for seed in range(3) for body in payloads.bodies(20, seed)]
    assert len(set(events)) == 3 * 20 * 3


def test_every_call_has_three_events_that_the_bridge_reads() -> None:
    """Nothing that is measured is ignored."""
    heard = [parse_event(body, Reading()) for body in payloads.bodies(2, seed=1)]
    calls = [event.call_id for event in heard if not isinstance(event, Ignored)]
    assert len(calls) == 6
    assert len(set(calls)) == 2
