"""All faults, by name, in the order in which they are played."""

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
    "two-beats",  # there are two, one of them killed
    "valkey-kill-everysec",  # asks for another server, and a window
    "sentinel-failover",  # asks for several
    "throttled-hour",  # would hold up all others
    "clock-of-bridge",  # asks for a clock of its own
    "own-403",  # of calls of its own plan, as are the next two
    "own-500",
    "real-payloads",
    "slow-askelephant",  # stops a worker, and asks for a longer timeout
    "event-flood",  # needs calls that nothing else keeps back
    "webhook-before-answer",  # of calls of every plan
    "webhooks-none",
}
"""What cannot be mixed, or always is."""


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
