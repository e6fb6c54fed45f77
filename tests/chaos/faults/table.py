"""All faults by name, in the order of their runs."""

from collections.abc import Mapping, Sequence

from tests.chaos.faults import (
    askelephant,
    calls,
    clocks,
    load,
    network,
    processes,
    sentinel,
    store,
    webhooks,
)
from tests.chaos.faults.mixed import mixed
from tests.chaos.fixture import Fault

ALONE = (
    *processes.FAULTS,
    *store.FAULTS,
    *sentinel.FAULTS,
    *askelephant.FAULTS,
    *calls.FAULTS,
    *load.FAULTS,
    *webhooks.FAULTS,
    *clocks.FAULTS,
    *network.FAULTS,
)
UNMIXED = {
    "none",
    "two-beats",  # ``mixed`` has two beats, and one is killed
    "valkey-kill-everysec",  # needs other options of the server, and a window
    "sentinel-failover",  # needs several servers
    "throttled-hour",  # would delay all other faults
    "clock-of-bridge",  # needs its own clock
    "own-403",  # needs its own plan, as do the next two
    "own-500",
    "real-payloads",
    "slow-askelephant",  # stops a worker, and needs a longer timeout
    "event-flood",  # needs calls that nothing else delays
    "webhook-before-answer",  # its behaviour is in every plan
    "webhooks-none",
}
"""Faults that cannot be mixed, or whose behaviour every plan has."""


def _lane(*faults: Fault) -> Sequence[Fault]:
    return [fault for fault in faults if fault.name not in UNMIXED]


FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        *ALONE,
        mixed(
            _lane(*processes.FAULTS),
            _lane(*store.FAULTS, *network.FAULTS),
            _lane(*askelephant.FAULTS),
            _lane(*clocks.FAULTS),
            _lane(*webhooks.FAULTS),
        ),
    )
}
