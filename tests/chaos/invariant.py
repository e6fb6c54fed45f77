"""The invariant: a pure function from a plan and the evidence to the breaches."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bridge.domain.timeline import EntryKind
from tests.chaos.evidence import Evidence, Stored, about
from tests.chaos.plan import PlannedCall
from tests.support.bridge_client import Json, happened

FOUND = ("action_items", "signals")

SPOILED = {"error-after-commit", "reset", "garbage-json"}
"""Behaviours that create an engagement and break the response, so that the bridge repeats it."""

SUBMITTED = {200, 201}

RECEIVED_WITHIN = timedelta(seconds=2)
"""A response after a longer time may have come after the bridge's timeout."""


class Kind(StrEnum):
    """The three columns of the table that must be zero."""

    LOST = "lost"
    DUPLICATED = "duplicated"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Breach:
    """One breach of the invariant; ``call_id`` is empty if it is about all calls."""

    kind: Kind
    call_id: str
    why: str


Breaches = Iterator[Breach]
Plan = Sequence[PlannedCall]


def breaches(plan: Plan, seen: Evidence) -> list[Breach]:
    """Return all breaches of the invariant."""
    return [breach for rule in RULES for breach in rule(plan, seen)]


def counted(found: Iterable[Breach]) -> Mapping[Kind, int]:
    """Return the number of calls with a breach of each kind."""
    calls = {(breach.kind, breach.call_id) for breach in found}
    return Counter(kind for kind, _ in calls)


def events_were_acknowledged(_plan: Plan, seen: Evidence) -> Breaches:
    """Yield the calls with an event that the bridge never acknowledged."""
    for call_id in seen.unsent:
        yield Breach(Kind.STUCK, call_id, "an event of it was never acknowledged")


def events_are_accounted_for(_plan: Plan, seen: Evidence) -> Breaches:
    """Yield each acknowledged event that is not in the inbox or not on its call's timeline."""
    entries = {stored.raw: stored for stored in seen.inbox if stored.source == "wavv"}
    for event in seen.acknowledged:
        stored = entries.get(event.raw)
        if stored is None:
            yield Breach(Kind.LOST, event.call_id, f"{event.kind} was acknowledged and not stored")
        elif not _is_accounted_for(stored, seen.calls.get(event.call_id, {})):
            why = f"{event.kind} is stored as {stored.entry}, and not on the call's timeline"
            yield Breach(Kind.LOST, event.call_id, why)


def webhooks_are_accounted_for(plan: Plan, seen: Evidence) -> Breaches:
    """Yield each acknowledged webhook that is not in the inbox or not on its call's timeline."""
    stored = defaultdict(list)
    for webhook in seen.inbox:
        if webhook.source == "askelephant":
            stored[about(webhook)].append(webhook)
    calls = call_ids(plan)
    for tried in seen.journal["deliveries"]:
        call_id = calls.get(tried["external_id"], "")
        key = (tried["type"], tried["engagement_id"])
        if tried["status"] != 202:
            continue
        if key not in stored:
            yield Breach(Kind.LOST, call_id, f"{tried['type']} was acknowledged and not stored")
        elif not all(
            _is_accounted_for(webhook, seen.calls.get(call_id, {})) for webhook in stored[key]
        ):
            yield Breach(Kind.LOST, call_id, f"{tried['type']} is not on the call's timeline")


def events_were_handled(_plan: Plan, seen: Evidence) -> Breaches:
    """Yield a breach for events that wait in the inbox, and for dead letters."""
    if waiting := seen.stats["inbox"]["waiting"]:
        yield Breach(Kind.STUCK, "", f"{waiting} events still wait in the inbox")
    if seen.dead_letters:
        yield Breach(Kind.STUCK, "", f"{seen.dead_letters} events broke their handler")


def recorded_calls_have_one_engagement(plan: Plan, seen: Evidence) -> Breaches:
    """Yield each call with another number of engagements in AskElephant than planned."""
    made = _engagements(seen)
    for planned in plan:
        count = len(made.get(_external_id(planned), ()))
        if count < planned.engagements:
            yield Breach(Kind.LOST, planned.call_id, "AskElephant has no engagement of it")
        if count > planned.engagements:
            why = f"AskElephant has {count} engagements of it, not {planned.engagements}"
            yield Breach(Kind.DUPLICATED, planned.call_id, why)
    for external_id in made.keys() - call_ids(plan).keys():
        yield Breach(Kind.DUPLICATED, external_id, "AskElephant has an engagement of no call")


def calls_know_their_engagement(plan: Plan, seen: Evidence) -> Breaches:
    """Yield each call that lacks its engagement in AskElephant, or insights of it."""
    made = _engagements(seen)
    for planned in plan:
        call = seen.calls.get(planned.call_id, {})
        there = {engagement["id"]: engagement for engagement in made.get(_external_id(planned), ())}
        known = there.get(call.get("engagement_id"))
        if there and known is None:
            yield Breach(Kind.LOST, planned.call_id, f"it has no link to {', '.join(there)}")
        if known is not None and planned.state == "complete":
            yield from _insights_came(planned.call_id, call, known)


def calls_are_at_rest(plan: Plan, seen: Evidence) -> Breaches:
    """Yield each call in another state than planned, overdue steps, and a hold."""
    for planned in plan:
        call = seen.calls.get(planned.call_id)
        if call is None:
            yield Breach(Kind.LOST, planned.call_id, "the bridge knows no such call")
        elif call["state"] != planned.state:
            why = f"it is {call['state']} ({call['reason']}), not {planned.state}"
            yield Breach(Kind.STUCK, planned.call_id, why)
    for step, count in seen.stats["overdue"].items():
        if count:
            yield Breach(Kind.STUCK, "", f"{count} calls are overdue for {step}")
    if hold := seen.stats["hold"]:
        yield Breach(Kind.STUCK, "", f"requests are held: {hold['reason']}")


def counts_add_up(plan: Plan, seen: Evidence) -> Breaches:
    """Yield a breach if the states count other calls than the plan has."""
    total = sum(seen.stats["states"].values())
    if total != len(seen.calls):
        kind = Kind.LOST if total < len(seen.calls) else Kind.DUPLICATED
        yield Breach(kind, "", f"the states count {total} calls, and {len(seen.calls)} are listed")
    for call_id in seen.calls.keys() - {planned.call_id for planned in plan}:
        yield Breach(Kind.DUPLICATED, call_id, "the bridge has a call that was not sent")


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
    """Yield each call that was submitted again after its successful response.

    This is no member of ``RULES``: if a response, or the save after it, can be lost, a repeated
    submission is correct, and AskElephant returns the existing engagement.
    """
    responded: dict[str, datetime] = {}
    calls = {_external_id(planned): planned for planned in plan}
    for request in seen.journal["requests"]:
        planned = calls.get(request["external_id"])
        if request["method"] != "POST" or planned is None or SPOILED & planned.behaviours:
            continue
        sent = datetime.fromisoformat(request["at"])
        if planned.call_id in responded and responded[planned.call_id] < sent:
            yield Breach(
                Kind.DUPLICATED, planned.call_id, "it was submitted again after its response"
            )
        if request["status"] in SUBMITTED:
            at = datetime.fromisoformat(request["answered_at"])
            if at - sent < RECEIVED_WITHIN:
                responded[planned.call_id] = at


def call_ids(plan: Plan) -> Mapping[str, str]:
    """Return the ids of the planned calls by their ``external_id``."""
    return {_external_id(planned): planned.call_id for planned in plan}


def _is_accounted_for(stored: Stored, call: Json) -> bool:
    """Return whether an event has an outcome or an entry on its call's timeline.

    A shortened timeline may have dropped the entry.
    """
    if stored.outcome is not None or not call:
        return stored.outcome is not None
    entries = {entry.get("entry") for entry in call["timeline"]}
    return stored.entry in entries or EntryKind.TIMELINE_SHORTENED in happened(call)


def _insights_came(call_id: str, call: Json, engagement: Json) -> Breaches:
    for name in FOUND:
        has, there = len(call["insights"].get(name, ())), engagement[name]
        if has < there:
            yield Breach(Kind.LOST, call_id, f"AskElephant has {there} {name}, the call {has}")
        if has > there:
            yield Breach(Kind.DUPLICATED, call_id, f"the call has {has} {name}, not {there}")


def _engagements(seen: Evidence) -> Mapping[str, list[Json]]:
    made = defaultdict(list)
    for engagement in seen.journal["engagements"]:
        made[engagement["external_id"]].append(engagement)
    return made


def _external_id(planned: PlannedCall) -> str:
    return f"wavv-call-{planned.call_id}"
