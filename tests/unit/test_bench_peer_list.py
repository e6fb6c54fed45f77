"""Tests that the benchmark starts its peers like the bridge."""

import pytest

from bench.peer_list import ARQ, BRIDGE, FLOOR, LEAST, NAIVE, TASKIQ
from bench.stack import Peer
from bridge.supervise import commands

OURS = commands.web(8000, {}).argv
PEERS = (FLOOR, NAIVE, ARQ, TASKIQ, LEAST)


def test_the_bridge_is_measured_as_it_is_run() -> None:
    """The benchmark starts the bridge with the command of ``bridge up``."""
    assert tuple(BRIDGE.web_argv(8000)) == OURS


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_has_the_servers_options_of_the_bridge(peer: Peer) -> None:
    """A peer's command differs from the bridge's in interpreter, application and connection."""
    pairs = list(zip(peer.web_argv(8000), OURS, strict=True))
    different = {ours for theirs, ours in pairs if theirs != ours}
    assert different <= {OURS[0], "bridge.web:create_app", "bridge.asgi.connection:Connection"}
    is_free = peer is not FLOOR
    assert is_free is not any("bridge." in theirs for theirs, _ in pairs)
