"""The benchmark's events: fixed, distinct, and such as the bridge and the peers accept."""

from pathlib import Path

import pytest

from bench import payloads
from bench.messages import Splitter
from bench.peers import proof
from bench.settings import WAVV_SECRET
from bridge.wavv.events import Ignored, Reading, parse_event


def test_the_same_seed_makes_the_same_events() -> None:
    """Every peer gets the same bytes."""
    assert list(payloads.bodies(2, seed=7)) == list(payloads.bodies(2, seed=7))


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


def test_requests_are_signed_as_the_peers_check_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that refused them would be measured refusing."""
    monkeypatch.setattr(proof, "WAVV_KEY", WAVV_SECRET.encode())
    [(head, body)] = Splitter().feed(next(payloads.requests(1, seed=1)))
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    assert proof.is_wavvs(headers["X-WAVV-Signature"], body)
    assert not proof.is_wavvs(headers["X-WAVV-Signature"], body + b" ")


def test_requests_survive_the_file_to_the_generator(tmp_path: Path) -> None:
    """Byte for byte, in their order."""
    frames = [b"one", b"", b"three" * 1000]
    assert payloads.read(payloads.write(tmp_path / "frames", frames)) == frames
