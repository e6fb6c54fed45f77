"""A mapper and its requests, for the tests of the engagement that a call becomes."""

from typing import Any

from bridge.domain.call import Call
from bridge.domain.engagement import EngagementRequest
from bridge.domain.mapping import Mapped, Mapper, engagement_request
from bridge.domain.participants import Agent

ALICE = Agent("Alice Smith", "alice@example.com", "+12125550100")
BOB = Agent("Bob Jones", None, "+12125550101")
SHARED_LINE = "+12125550150"
MAPPER = Mapper(agents={"u-1": ALICE}, lines={"+12125550199": BOB, SHARED_LINE: None})
LEAD: dict[str, Any] = {
    "lead_name": "Jane Doe",
    "lead_email": "jane@customer.example",
    "lead_phone": "+14155550100",
}


def map_call(call: Call, mapper: Mapper = MAPPER) -> Mapped:
    """Return the request for a call that can be submitted, its people and its notes."""
    mapped = engagement_request(call, mapper)
    assert isinstance(mapped, Mapped)
    return mapped


def request(call: Call, mapper: Mapper = MAPPER) -> EngagementRequest:
    """Return the request for a call that can be submitted."""
    return map_call(call, mapper).request
