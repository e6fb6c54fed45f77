"""The 25 calls of the demo: what WAVV sends of each, what befalls it, where it must end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bridge.domain.call import Kind, State
from bridge.simulator.wavv.channels import delivery
from bridge.simulator.wavv.delivery import Delivery
from bridge.simulator.wavv.samples import sample_call

START, END, RECORDED = Kind.STARTED, Kind.ENDED, Kind.RECORDED
USUAL = (START, END, RECORDED)


@dataclass(frozen=True, slots=True)
class Role:
    """A kind of call: the events WAVV sends, in their order, and where the call must end.

    ``behaviour`` is what the sandbox does to it; ``engagements`` how many it must then hold.
    """

    title: str
    behaviour: str = ""
    events: tuple[Kind, ...] = USUAL
    state: State = State.COMPLETE
    reason: str | None = None
    insights: str = "all"
    engagements: int = 1


CAST = (
    Role("normal"),
    Role("normal"),
    Role("normal"),
    Role("recorded first", events=(RECORDED, START, END)),
    Role("started last", events=(END, RECORDED, START)),
    Role("recorded only", events=(RECORDED,)),
    Role("every event three times", events=USUAL * 3),
    Role("not recorded", events=(START, END), state=State.UNRECORDED, insights="pending",
         engagements=0),
    Role("end never heard", events=(START,), state=State.UNRECORDED, reason="end_not_heard",
         insights="pending", engagements=0),
    Role("throttled, in seconds", "throttle-seconds"),
    Role("throttled, by date", "throttle-date"),
    Role("throttled, no word when", "throttle-bare"),
    Role("server error", "error-before-commit"),
    Role("server error after commit", "error-after-commit"),
    Role("media slower than our patience", "slow-media"),
    Role("connection reset", "reset"),
    Role("garbage for an answer", "garbage-json"),
    Role("webhook before the answer", "early-webhook"),
    Role("webhook six times", "resent-webhook"),
    Role("webhook never", "no-webhook"),
    Role("insights late", "late-insights.200"),
    Role("insights partial", "partial-insights", insights="some"),
    Role("insights never", "no-insights", insights="none"),
    Role("rejected", "reject", state=State.FAILED, reason="rejected", insights="pending",
         engagements=0),
    Role("processing failed", "failed", state=State.FAILED, reason="processing_failed",
         insights="pending"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Actor:
    """A call that plays a role."""

    role: Role
    call_id: str
    deliveries: tuple[Delivery, ...]


def actors(rng: Random, now: datetime) -> Sequence[Actor]:
    """Return the cast with its lines; the same ``rng`` and time make the same calls."""
    played = []
    for number, role in enumerate(CAST):
        call = sample_call(rng, now - timedelta(minutes=20, seconds=number), role.behaviour)
        lines = tuple(delivery(call, kind) for kind in role.events)
        played.append(Actor(role, call.call_id, lines))
    return played
