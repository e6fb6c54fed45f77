"""The invariant. Pure: a plan and the evidence in, what breaks it out."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bridge.domain.timeline import SHORTENED
from tests.chaos.evidence import Evidence, Stored, about
from tests.chaos.plan import PlannedCall
from tests.support.bridge_client import Json, happened

FOUND = ("action_items", "signals")

SPOILED = {"error-after-commit", "reset", "garbage-json"}
"""Behaviours that make an engagement and spoil the answer, so that it is asked for once more."""

SUBMITTED = {200, 201}

WAITED_FOR = timedelta(seconds=2)
"""An answer that took longer may have come when nobody waited for it any more."""


class Kind(StrEnum):
    """The three columns that must be zero."""

    LOST = "lost"
    DUPLICATED = "duplicated"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Breach:
    """One way in which the invariant is broken, and the call it is about (``""`` = all of them)."""

    kind: Kind
    call_id: str
    why: str


Breaches = Iterator[Breach]
Plan = Sequence[PlannedCall]


def breaches(plan: Plan, seen: Evidence) -> list[Breach]:
    """Return everything that breaks the invariant; nothing, if it holds."""
    return [breach for rule in RULES for breach in rule(plan, seen)]


def counted(found: Iterable[Breach]) -> Mapping[Kind, int]:
    """Return of each kind how many calls break it."""
    calls = {(breach.kind, breach.call_id) for breach in found}
    return Counter(kind for kind, _ in calls)


def events_were_acknowledged(_plan: Plan, seen: Evidence) -> Breaches:
    """Hold the bridge to coming back for every sender who is patient."""
    for call_id in seen.unsent:
        yield Breach(Kind.STUCK, call_id, "an event of it was never acknowledged")


def events_are_accounted_for(_plan: Plan, seen: Evidence) -> Breaches:
    """Hold what was answered with 202 to being in the inbox, and on its call's timeline."""
    entries = {stored.raw: stored for stored in seen.inbox if stored.source == "wavv"}
    for event in seen.acknowledged:
        stored = entries.get(event.raw)
        if stored is None:
            yield Breach(Kind.LOST, event.call_id, f"{event.kind} was acknowledged and not stored")
        elif not _is_accounted_for(stored, seen.calls.get(event.call_id, {})):
            told = f"{event.kind} is stored as {stored.entry}, and not on the call's timeline"
            yield Breach(Kind.LOST, event.call_id, told)


def webhooks_are_accounted_for(plan: Plan, seen: Evidence) -> Breaches:
    """Hold AskElephant's events to the same."""
    stored = defaultdict(list)
    for one in seen.inbox:
        if one.source == "askelephant":
            stored[about(one)].append(one)
    calls = call_ids(plan)
    for tried in seen.journal["deliveries"]:
        call_id = calls.get(tried["external_id"], "")
        key = (tried["type"], tried["engagement_id"])
        if tried["status"] != 202:
            continue
        if key not in stored:
            yield Breach(Kind.LOST, call_id, f"{tried['type']} was acknowledged and not stored")
        elif not all(_is_accounted_for(one, seen.calls.get(call_id, {})) for one in stored[key]):
            yield Breach(Kind.LOST, call_id, f"{tried['type']} is not on the call's timeline")


def events_were_handled(_plan: Plan, seen: Evidence) -> Breaches:
    """Hold the inbox to being empty, with nothing set aside."""
    if waiting := seen.stats["inbox"]["waiting"]:
        yield Breach(Kind.STUCK, "", f"{waiting} events still wait in the inbox")
    if seen.dead_letters:
        yield Breach(Kind.STUCK, "", f"{seen.dead_letters} events broke their handler")


def recorded_calls_have_one_engagement(plan: Plan, seen: Evidence) -> Breaches:
    """Hold AskElephant's books to one engagement of each, and none of the others."""
    made = _engagements(seen)
    for one in plan:
        count = len(made.get(_external_id(one), ()))
        if count < one.engagements:
            yield Breach(Kind.LOST, one.call_id, "AskElephant has no engagement of it")
        if count > one.engagements:
            told = f"AskElephant has {count} engagements of it, not {one.engagements}"
            yield Breach(Kind.DUPLICATED, one.call_id, told)
    for external_id in made.keys() - call_ids(plan).keys():
        yield Breach(Kind.DUPLICATED, external_id, "AskElephant has an engagement of no call")


def calls_know_their_engagement(plan: Plan, seen: Evidence) -> Breaches:
    """Hold calls to the engagement that AskElephant has, and to its insights."""
    made = _engagements(seen)
    for one in plan:
        call = seen.calls.get(one.call_id, {})
        there = {engagement["id"]: engagement for engagement in made.get(_external_id(one), ())}
        known = there.get(call.get("engagement_id"))
        if there and known is None:
            yield Breach(Kind.LOST, one.call_id, f"it knows nothing of {', '.join(there)}")
        if known is not None and one.state == "complete":
            yield from _insights_came(one.call_id, call, known)


def calls_are_at_rest(plan: Plan, seen: Evidence) -> Breaches:
    """Hold every call to being where the plan says; none is overdue, and no request is held."""
    for one in plan:
        call = seen.calls.get(one.call_id)
        if call is None:
            yield Breach(Kind.LOST, one.call_id, "the bridge knows no such call")
        elif call["state"] != one.state:
            told = f"it is {call['state']} ({call['reason']}), not {one.state}"
            yield Breach(Kind.STUCK, one.call_id, told)
    for step, count in seen.stats["overdue"].items():
        if count:
            yield Breach(Kind.STUCK, "", f"{count} calls are overdue for {step}")
    if hold := seen.stats["hold"]:
        yield Breach(Kind.STUCK, "", f"requests are held: {hold['reason']}")


def counts_add_up(plan: Plan, seen: Evidence) -> Breaches:
    """Hold the states to counting each call once, and nobody else's."""
    total = sum(seen.stats["states"].values())
    if total != len(seen.calls):
        kind = Kind.LOST if total < len(seen.calls) else Kind.DUPLICATED
        yield Breach(kind, "", f"the states count {total} calls, and {len(seen.calls)} are listed")
    for call_id in seen.calls.keys() - {one.call_id for one in plan}:
        yield Breach(Kind.DUPLICATED, call_id, "the bridge knows a call that nobody told it of")


RULES: tuple[Callable[[Plan, Evidence], Breaches], ...] = (
    events_were_acknowledged,
    events_are_accounted_for,
    webhooks_are_accounted_for,
    events_were_handled,
    recorded_calls_have_one_engagement,
    calls_know_their_engagement,
    calls_are_at_rest,
    counts_add_up,
)


def repeated_submissions(plan: Plan, seen: Evidence) -> Breaches:
    """Hold the bridge to not asking again for what it was told to be there.

    Not among the rules: where an answer, or what was saved of it, can be lost, asking again is
    right, and AskElephant answers with what it has.
    """
    answered: dict[str, datetime] = {}
    calls = {_external_id(one): one for one in plan}
    for request in seen.journal["requests"]:
        one = calls.get(request["external_id"])
        if request["method"] != "POST" or one is None or SPOILED & one.befalls:
            continue
        asked = datetime.fromisoformat(request["at"])
        if one.call_id in answered and answered[one.call_id] < asked:
            yield Breach(Kind.DUPLICATED, one.call_id, "it was submitted again after its answer")
        if request["status"] in SUBMITTED:
            at = datetime.fromisoformat(request["answered_at"])
            if at - asked < WAITED_FOR:
                answered[one.call_id] = at


def call_ids(plan: Plan) -> Mapping[str, str]:
    """Return the calls' ids by what AskElephant knows them by."""
    return {_external_id(one): one.call_id for one in plan}


def _is_accounted_for(stored: Stored, call: Json) -> bool:
    """Tell whether an event has an outcome, or a place on its call's timeline.

    A timeline that was shortened may have let go of it.
    """
    if stored.outcome is not None or not call:
        return stored.outcome is not None
    told = {entry.get("entry") for entry in call["timeline"]}
    return stored.entry in told or SHORTENED in happened(call)


def _insights_came(call_id: str, call: Json, engagement: Json) -> Breaches:
    for name in FOUND:
        has, there = len(call["insights"].get(name, ())), engagement[name]
        if has < there:
            yield Breach(Kind.LOST, call_id, f"AskElephant has {there} {name}, the call {has}")
        if has > there:
            yield Breach(Kind.DUPLICATED, call_id, f"the call has {has} {name}, not {there}")


def _engagements(seen: Evidence) -> Mapping[str, list[Json]]:
    made = defaultdict(list)
    for one in seen.journal["engagements"]:
        made[one["external_id"]].append(one)
    return made


def _external_id(one: PlannedCall) -> str:
    return f"wavv-call-{one.call_id}"
