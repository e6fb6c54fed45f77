"""CRM payloads through ingress and intake: a response for each, and one record of the call.

``crm.py`` checks the reading alone; here the events are signed, stored, handled and merged.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from random import Random
from typing import Any

from bridge.store.replies import text
from tests.fuzz import crm
from tests.fuzz.mutation import SEEDS
from tests.fuzz.surface import Surface, surface, wavv_delivery
from tests.fuzz.target import Target

ACCEPTED, UNPROCESSABLE = 202, 422


@contextmanager
def stored(redis_url: str) -> Iterator[Target]:
    """Provide the target while its store runs."""
    with surface(redis_url) as whole:
        yield Target("CRMs' payloads, stored", (NEAR,), partial(check, whole), whole.refresh)


def check(whole: Surface, flow: crm.Workflow) -> None:
    """Raise unless each event is accepted or has no call id, and all are of one record."""
    before = _calls(whole)
    for event in flow.events:
        status = whole.send(wavv_delivery(event.body)).status
        assert status == (UNPROCESSABLE if event.call_id is None else ACCEPTED), (status, event)
    whole.drain()
    call = whole.services.calls.load(flow.call.call_id)
    assert call is not None, flow
    assert _calls(whole) - before <= {flow.call.call_id}, flow
    crm.check_metadata(call.metadata, crm.merged(flow.named), flow)
    crm.check_request(call, flow)


NEAR = SEEDS.map(lambda seed: crm.workflow(Random(seed), ("UTC",)))  # noqa: S311 - no secrets
"""Times without an offset are in the zone of the bridge's settings."""


def _calls(whole: Surface) -> set[str]:
    """Return the ids of all calls, to detect surplus ones."""
    ids: Any = whole.services.redis.zrange(whole.services.keys.calls, 0, -1)
    return set(map(text, ids))
