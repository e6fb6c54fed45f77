"""The plan of a run: which calls there are, what is told of each, when, and where each must end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from bridge.domain.call import Kind
from bridge.wavv.channels import Channel, delivery
from bridge.wavv.delivery import Delivery
from bridge.wavv.samples import SampleCall, sample_call

CHANNELS: tuple[Channel, ...] = ("v3", "sdk", "crm")
CALLS_PER_SECOND = 25.0
LONGEST_GAP = 1.5
"""Seconds between two events of one call."""

PLAIN, SHUFFLED, ALONE, UNRECORDED = "plain", "shuffled", "alone", "unrecorded"
SHAPES = {PLAIN: 60, SHUFFLED: 20, ALONE: 5, UNRECORDED: 15}
"""How the events of a call come, and how many of a hundred do so."""

BEHAVIOURS = {
    "": 50,
    "late-insights": 5,  # three seconds after the transcript at the sandbox's scale
    "early-webhook": 5,
    "no-webhook": 3,
    "twice-webhook": 3,
    "resent-webhook": 3,
    "unordered-webhook": 3,
    "bad-signature-first": 2,
    "error-before-commit": 3,
    "error-after-commit": 3,
    "reset": 3,
    "garbage-json": 2,
    "slow-media.200": 4,  # a second
    "read-missing": 2,
    "read-error": 2,
    "read-garbage": 2,
    "partial-insights": 1,
    "no-insights": 1,
    "unknown-fields+unknown-data-types": 1,
    "reject": 1,
    "failed": 1,
}
"""What befalls recorded calls in AskElephant, with its weight."""

DUPLICATED = 0.15
"""The share of events that WAVV sends twice."""

AHEAD, BEHIND = timedelta(minutes=10), timedelta(minutes=30)
"""A call is of a time between these two, by a clock that need not be the bridge's."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a call, to be sent ``at`` seconds after the start of the run."""

    at: float
    kind: Kind
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call, its events in the order of their sending, and what must become of it."""

    call: SampleCall
    behaviour: str
    events: tuple[Told, ...]

    @property
    def call_id(self) -> str:
        """The call's id, which also carries its behaviour."""
        return self.call.call_id

    @property
    def is_recorded(self) -> bool:
        """Whether WAVV tells of a recording."""
        return any(event.kind is Kind.RECORDED for event in self.events)

    @property
    def state(self) -> str:
        """Where it must end."""
        if not self.is_recorded:
            return "unrecorded"
        return "failed" if {"reject", "failed"} & self.befalls else "complete"

    @property
    def engagements(self) -> int:
        """How many engagements there must be of it."""
        return int(self.is_recorded and "reject" not in self.befalls)

    @property
    def befalls(self) -> set[str]:
        """What befalls it in AskElephant, by name."""
        return set(self.behaviour.split("+"))


def make_plan(
    rng: Random,
    calls: int,
    now: datetime,
    behaviours: Sequence[str] = (),
    pace: float = CALLS_PER_SECOND,
    copies: int = 0,
) -> tuple[PlannedCall, ...]:
    """Return a plan of ``calls`` calls. The same ``rng`` and ``now`` make the same plan.

    ``behaviours`` befall every recorded call beside its own, where they are not the same kind;
    every event is sent ``copies`` times more, at any moment of the whole run.
    """
    span = calls / pace
    starts = ((index + rng.random()) / pace for index in range(calls))
    planned = [_planned(rng, at, now, behaviours) for at in starts]
    return tuple(_sent_again(rng, one, copies, span) for one in planned)


def _sent_again(rng: Random, one: PlannedCall, copies: int, span: float) -> PlannedCall:
    again = [replace(event, at=rng.uniform(0, span)) for event in one.events * copies]
    return replace(one, events=tuple(sorted([*one.events, *again], key=lambda event: event.at)))


def _planned(rng: Random, at: float, now: datetime, more: Sequence[str]) -> PlannedCall:
    shape = _weighted(rng, SHAPES)
    behaviour = "" if shape == UNRECORDED else _weighted(rng, BEHAVIOURS)
    # A call whose processing fails has no event that could come early, or not at all.
    if shape != UNRECORDED and "webhook" not in behaviour and behaviour != "failed":
        behaviour = "+".join(filter(None, (behaviour, *more)))
    call = sample_call(rng, now + rng.uniform(-1, AHEAD / BEHIND) * BEHIND, behaviour)
    channel = rng.choice(CHANNELS)
    told = []
    for kind in _kinds(rng, shape):
        told.append(Told(at, kind, delivery(call, kind, channel)))
        at += rng.uniform(0, LONGEST_GAP) ** 2 / LONGEST_GAP
    again = [_again(rng, event) for event in told if rng.random() < DUPLICATED]
    return PlannedCall(call, behaviour, tuple(sorted([*told, *again], key=lambda one: one.at)))


def _again(rng: Random, event: Told) -> Told:
    return Told(event.at + rng.uniform(0, 3 * LONGEST_GAP), event.kind, event.delivery)


def _kinds(rng: Random, shape: str) -> list[Kind]:
    if shape == ALONE:
        return [Kind.RECORDED]
    kinds = [Kind.STARTED, Kind.ENDED, Kind.RECORDED]
    if shape == UNRECORDED:
        return kinds[:2]
    return rng.sample(kinds, 3) if shape == SHUFFLED else kinds


def _weighted(rng: Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]
