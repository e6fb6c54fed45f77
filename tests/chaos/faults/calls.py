"""Faults of single calls, which must not delay or fail other calls."""

from collections.abc import Callable

from tests import crm
from tests.chaos.faults.processes import none
from tests.chaos.fixture import Fault, Fixture
from tests.chaos.plan import Recipe
from tests.chaos.stack import Needs

NEEDS = Needs(settings=(("BRIDGE_RETRY_DEADLINE", "30"), ("BRIDGE_PROBE_INTERVAL", "10")))
"""Failing calls end within the run, and a hold lasts until a call succeeds."""

FORBIDDEN = ("own-403", "own-403", "html-403.3", "read-html-403.3")
FAILING = ("own-500", "own-500", "own-500", "error-before-commit.4")


def expect_reason(behaviour: str, reason: str) -> Callable[[Fixture], None]:
    """Return a check that calls of this behaviour failed with this reason and a problem."""

    def check(fixture: Fixture) -> None:
        for planned in fixture.plan:
            if behaviour not in planned.behaviours:
                continue
            call = fixture.stack.bridge.call(planned.call_id)
            is_right = call.get("reason") == reason and call.get("problem")
            fixture.require(is_right, f"{planned.call_id} shows {call.get('reason')}, not {reason}")

    return check


FAULTS = (
    Fault(
        "own-403",
        "403 for up to 60 calls, by AskElephant or by a firewall",
        none,
        NEEDS,
        recipe=Recipe(troubles=FORBIDDEN),
        keeps_responses=True,
        afterwards=expect_reason("own-403", "scope_missing"),
        bounds_waiting=True,
    ),
    Fault(
        "own-500",
        "500 for up to 60 calls, always",
        none,
        NEEDS,
        recipe=Recipe(troubles=FAILING),
        keeps_responses=True,
        afterwards=expect_reason("own-500", "askelephant_error"),
        bounds_waiting=True,
    ),
    Fault(
        "real-payloads",
        "the calls' events in the payloads of five CRM products",
        none,
        recipe=Recipe(products=crm.NAMES),
        keeps_responses=True,
        bounds_waiting=True,
    ),
)
