"""All faults, by name, in the order in which they are played."""

from collections.abc import Mapping

from tests.chaos.faults import askelephant, clocks, network, processes, store, webhooks
from tests.chaos.faults.mixed import mixed
from tests.chaos.scene import Fault

ALONE = (
    *processes.FAULTS,
    *store.FAULTS,
    *askelephant.FAULTS,
    *webhooks.FAULTS,
    *clocks.FAULTS,
    *network.FAULTS,
)
UNMIXED = {"none", "valkey-kill-everysec", "throttled-hour", "webhooks-resent"}
"""What asks for a server of its own, or for calls of its own."""

FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        *ALONE,
        mixed([one for one in ALONE if one.name not in UNMIXED and not one.behaviours]),
    )
}
