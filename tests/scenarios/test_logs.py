"""What the processes log at debug level, after calls of every kind."""

from collections.abc import Mapping

from bridge.simulator.wavv.samples import SampleCall
from tests.support.leaks import leaks
from tests.support.stack import Stack

Calls = Mapping[str, SampleCall]


def test_no_secret_and_no_person_is_in_the_logs(shared: Stack, settled: Calls) -> None:
    """No log line has a key, secret, name, number, address or signed URL."""
    assert settled
    assert not leaks(shared)


def test_a_call_can_be_followed_through_the_logs(shared: Stack, settled: Calls) -> None:
    """The worker's log lines of a call have its id."""
    call = settled["received as started-ended-recorded"]
    lines = [one for one in shared.processes["worker"].output().splitlines() if call.call_id in one]
    for slug in ("event.handled", "call.state_changed", "transcript.ready"):
        assert any(slug in line for line in lines), slug
