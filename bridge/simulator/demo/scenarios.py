"""The 25 calls of the demo: their events, the sandbox's behaviour, and the expected end of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bridge.domain.call import Kind, State
from bridge.reasons import Reason
from bridge.simulator.wavv.channels import delivery
from bridge.simulator.wavv.delivery import Delivery
from bridge.simulator.wavv.samples import sample_call

START, END, RECORDED = Kind.STARTED, Kind.ENDED, Kind.RECORDED
USUAL = (START, END, RECORDED)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of call: the events that WAVV sends, in this order, and the expected final state.

    ``behaviour`` is the behaviour of the sandbox for the call. ``engagements`` is the expected
    number of engagements in AskElephant.
    """

    title: str
    behaviour: str = ""
    events: tuple[Kind, ...] = USUAL
    state: State = State.COMPLETE
    reason: str | None = None
    insights: str = "all"
    engagements: int = 1


SCENARIOS = (
    Scenario("normal"),
    Scenario("normal"),
    Scenario("normal"),
    Scenario("recorded first", events=(RECORDED, START, END)),
    Scenario("started last", events=(END, RECORDED, START)),
    Scenario("recorded only", events=(RECORDED,)),
    Scenario("every event three times", events=USUAL * 3),
    Scenario("not recorded", events=(START, END), state=State.UNRECORDED, insights="pending",
         engagements=0),
    Scenario("end event missing", events=(START,), state=State.UNRECORDED,
         reason=Reason.END_NOT_HEARD, insights="pending", engagements=0),
    Scenario("throttled, in seconds", "throttle-seconds"),
    Scenario("throttled, by date", "throttle-date"),
    Scenario("throttled, no Retry-After", "throttle-bare"),
    Scenario("server error", "error-before-commit"),
    Scenario("server error after commit", "error-after-commit"),
    Scenario("media slower than the timeout", "slow-media"),
    Scenario("connection reset", "reset"),
    Scenario("response is not JSON", "garbage-json"),
    Scenario("webhook before the response", "early-webhook"),
    Scenario("webhook six times", "resent-webhook"),
    Scenario("webhook never", "no-webhook"),
    Scenario("insights late", "late-insights.200"),
    Scenario("insights partial", "partial-insights", insights="some"),
    Scenario("insights never", "no-insights", insights="none"),
    Scenario("rejected", "reject", state=State.FAILED, reason=Reason.REJECTED, insights="pending",
         engagements=0),
    Scenario("processing failed", "failed", state=State.FAILED, reason=Reason.PROCESSING_FAILED,
         insights="pending"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoCall:
    """A call of the demo: its scenario, and the webhook requests with its events."""

    scenario: Scenario
    call_id: str
    deliveries: tuple[Delivery, ...]


def demo_calls(rng: Random, now: datetime) -> Sequence[DemoCall]:
    """Create the calls with their events. The same ``rng`` and time make the same calls."""
    calls = []
    for number, scenario in enumerate(SCENARIOS):
        call = sample_call(rng, now - timedelta(minutes=20, seconds=number), scenario.behaviour)
        deliveries = tuple(delivery(call, kind) for kind in scenario.events)
        calls.append(DemoCall(scenario, call.call_id, deliveries))
    return calls
