"""The plan of a run: calls, events, sending times and the expected final state of each call."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from bridge.domain.call import Kind
from bridge.simulator.wavv.channels import Channel, delivery
from bridge.simulator.wavv.delivery import Delivery
from bridge.simulator.wavv.samples import SampleCall, sample_call
from tests import crm

CHANNELS: tuple[Channel, ...] = ("v3", "sdk", "crm")
CALLS_PER_SECOND = 25.0
LONGEST_GAP = 1.5
"""The most seconds between two events of one call."""

PLAIN, SHUFFLED, ALONE, UNRECORDED = "plain", "shuffled", "alone", "unrecorded"
SHAPES = {PLAIN: 60, SHUFFLED: 20, ALONE: 5, UNRECORDED: 15}
"""The order of a call's events, with the share of calls in percent."""

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
"""The sandbox's behaviours of recorded calls, with their weights."""

REFUSED = frozenset({"reject", "own-403", "own-500"})
"""Behaviours with which AskElephant never creates an engagement."""
FAILING = REFUSED | {"failed", "read-403"}
"""Behaviours with which a call must fail."""
MOST_TROUBLED = 60

DUPLICATED = 0.15
"""The share of events that WAVV sends twice."""

AHEAD, BEHIND = timedelta(minutes=10), timedelta(minutes=30)
"""The bounds of a call's time, before and after the bridge's time, as WAVV's clock may differ."""


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """One event of a call, to be sent ``at`` seconds after the start of the run."""

    at: float
    kind: Kind
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Recipe:
    """The parameters of a plan.

    ``behaviours`` are added to each recorded call's own behaviour unless that is of the same kind.
    Every event is sent ``copies`` times more, at random moments of the run. Up to ``MOST_TROUBLED``
    calls, and at most half of all, have one of ``troubles`` instead of the usual behaviours. Events
    come in payloads of ``products``, else of WAVV's own channels.
    """

    behaviours: tuple[str, ...] = ()
    copies: int = 0
    troubles: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    pace: float = CALLS_PER_SECOND


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call, its events in the order of sending, and its expected result.

    A call ``is_troubled`` if it has one of the recipe's troubles; the waits of the others are
    bounded.
    """

    call: SampleCall
    behaviour: str
    events: tuple[PlannedEvent, ...]
    is_troubled: bool = False

    @property
    def call_id(self) -> str:
        """The call's id, which contains its behaviour."""
        return self.call.call_id

    @property
    def is_recorded(self) -> bool:
        """Whether an event of the call names a recording."""
        return any(event.kind is Kind.RECORDED for event in self.events)

    @property
    def state(self) -> str:
        """The expected final state."""
        if not self.is_recorded:
            return "unrecorded"
        return "failed" if FAILING & self.behaviours else "complete"

    @property
    def engagements(self) -> int:
        """The expected number of engagements."""
        return int(self.is_recorded and not REFUSED & self.behaviours)

    @property
    def behaviours(self) -> set[str]:
        """The names of its behaviours in AskElephant, without numbers."""
        return {name.partition(".")[0] for name in self.behaviour.split("+")}


PLAIN_RECIPE = Recipe()


def make_plan(
    rng: Random, calls: int, now: datetime, recipe: Recipe = PLAIN_RECIPE
) -> tuple[PlannedCall, ...]:
    """Return a plan of ``calls`` calls, which is the same for the same ``rng`` and ``now``."""
    span = calls / recipe.pace
    troubled = _troubled(rng, calls, recipe)
    planned = []
    for index in range(calls):
        at = (index + rng.random()) / recipe.pace
        if index in troubled:
            call = _planned(rng, at, now, recipe, rng.choice(recipe.troubles))
        else:
            call = _planned(rng, at, now, recipe)
        planned.append(_sent_again(rng, call, recipe.copies, span))
    return tuple(planned)


def _troubled(rng: Random, calls: int, recipe: Recipe) -> set[int]:
    """Return the indexes of the calls with trouble: half in a row, the rest anywhere.

    Calls in a row look like an outage; the others keep failing while other calls succeed.
    """
    if not recipe.troubles:
        return set()
    count = min(MOST_TROUBLED, calls // 2)
    first = calls // 10
    row = range(first, first + count // 2)
    others = [index for index in range(calls) if index not in row]
    return {*row, *rng.sample(others, count - len(row))}


def _sent_again(rng: Random, planned: PlannedCall, copies: int, span: float) -> PlannedCall:
    again = [replace(event, at=rng.uniform(0, span)) for event in planned.events * copies]
    return replace(
        planned, events=tuple(sorted([*planned.events, *again], key=lambda event: event.at))
    )


def _planned(
    rng: Random, at: float, now: datetime, recipe: Recipe, trouble: str = ""
) -> PlannedCall:
    shape = _weighted(rng, SHAPES)
    if trouble:
        shape, behaviour = PLAIN, trouble
    else:
        behaviour = _behaviour(rng, shape, recipe)
    call = sample_call(rng, now + rng.uniform(-1, AHEAD / BEHIND) * BEHIND, behaviour)
    deliveries = _deliveries(rng, call, recipe)
    sent = []
    for kind in _kinds(rng, shape):
        sent.append(PlannedEvent(at, kind, deliveries[kind]))
        at += rng.uniform(0, LONGEST_GAP) ** 2 / LONGEST_GAP
    again = [
        replace(event, at=event.at + rng.uniform(0, 3 * LONGEST_GAP))
        for event in sent
        if rng.random() < DUPLICATED
    ]
    events = tuple(sorted([*sent, *again], key=lambda event: event.at))
    return PlannedCall(call, behaviour, events, bool(trouble))


def _behaviour(rng: Random, shape: str, recipe: Recipe) -> str:
    if shape == UNRECORDED:
        return ""
    behaviour = _weighted(rng, BEHAVIOURS)
    # A call whose processing fails has no transcript event, which a recipe could send early.
    if "webhook" in behaviour or behaviour == "failed":
        return behaviour
    return "+".join(filter(None, (behaviour, *recipe.behaviours)))


def _deliveries(rng: Random, call: SampleCall, recipe: Recipe) -> Mapping[Kind, Delivery]:
    kinds = (Kind.STARTED, Kind.ENDED, Kind.RECORDED)
    if recipe.products:
        product = rng.choice(recipe.products)
        return dict(zip(kinds, crm.deliveries(call, product, rng), strict=True))
    channel = rng.choice(CHANNELS)
    return {kind: delivery(call, kind, channel) for kind in kinds}


def _kinds(rng: Random, shape: str) -> list[Kind]:
    if shape == ALONE:
        return [Kind.RECORDED]
    kinds = [Kind.STARTED, Kind.ENDED, Kind.RECORDED]
    if shape == UNRECORDED:
        return kinds[:2]
    return rng.sample(kinds, 3) if shape == SHUFFLED else kinds


def _weighted(rng: Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]
