"""Events as five CRM products forward them: read as intended, or left out with a note.

The payloads start from sample calls (``tests/crm``), so the values of each field are known.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from bridge.domain.call import Call, Kind, Metadata, new_call
from bridge.domain.events import CallHeard
from bridge.domain.machine import advance
from bridge.domain.mapping import Mapped, Mapper, engagement_request
from bridge.domain.participants import Agent
from bridge.domain.policy import Policy
from bridge.errors import EventError
from bridge.simulator.wavv.samples import SampleCall, sample_call
from bridge.wavv.events import Ignored, Reading, check_event, parse_event
from tests import crm
from tests.crm.values import NOTHING
from tests.fuzz.mutation import SEEDS
from tests.fuzz.target import Target

BEGUN = datetime(2026, 5, 1, tzinfo=UTC)
SPAN = timedelta(days=28)
NAMELESS = 0.1
"""The share of workflows in which one event has no call id."""

ZONES = ("UTC", "America/New_York", "Asia/Kolkata")
READINGS = {zone: Reading(zone=ZoneInfo(zone)) for zone in ZONES}
POLICY = Policy()
AGENT = "Alice Ito"
MAPPER = Mapper(agents={"usr_alice": Agent(AGENT, "alice@example.org", "+12125550199")})
E164 = re.compile(r"\+[1-9][0-9]{7,14}")
EMAIL = re.compile(r"[^@\s<>;,]+@[^@\s<>;,]+\.[^@\s<>;,]+")
UNRENDERED = ("{{", "${", "{!", "[object")
BLANKS = frozenset(text.strip().lower() for text in NOTHING if isinstance(text, str))


@dataclass(frozen=True)
class Workflow:
    """A call and the events of it that one customer's workflow sends, in order of arrival."""

    call: SampleCall
    events: tuple[crm.Rendering, ...]
    zone: str

    def __repr__(self) -> str:
        """Return the bodies, so that two workflows with equal events count as one input."""
        return "\n".join(event.body.decode() for event in self.events)

    @property
    def named(self) -> tuple[crm.Rendering, ...]:
        """Return the events with the call id."""
        return tuple(event for event in self.events if event.call_id is not None)


def workflow(rng: Random, zones: Sequence[str] = ZONES) -> Workflow:
    """Return a call's events by one of the products: shuffled, one repeated, some without an id.

    Times without an offset are in one of ``zones``.
    """
    call = sample_call(rng, BEGUN + rng.random() * SPAN)
    product, zone = rng.choice(crm.NAMES), rng.choice(zones)
    events = list(crm.renderings(call, product, rng, zone))
    if rng.random() < NAMELESS:
        events.append(crm.nameless(call, product, rng))
    rng.shuffle(events)
    return Workflow(call, (*events, rng.choice(events)), zone)


def check(flow: Workflow) -> None:
    """Raise unless each event is read as intended and the request of the call is right."""
    events = [
        heard for event in flow.events if (heard := _heard(event, READINGS[flow.zone])) is not None
    ]
    call = _call(flow, events)
    check_metadata(call.metadata, merged(flow.named), flow)
    check_request(call, flow)


def merged(events: Iterable[crm.Rendering]) -> Mapping[str, tuple[Any, ...]]:
    """Return the values that each field may have after all events.

    A missing value erases none, and the event that was sent last wins, whatever the order of
    arrival.
    """
    readings: dict[str, tuple[Any, ...]] = {}
    for event in sorted(events, key=lambda event: list(Kind).index(event.kind)):
        for field, allowed in event.readings.items():
            known = readings.get(field, (None,))
            readings[field] = allowed if allowed != (None,) else known
    return readings


def check_metadata(
    metadata: Metadata, readings: Mapping[str, tuple[Any, ...]], flow: object
) -> None:
    """Raise unless each field has one of the values that it may have."""
    for field in Metadata.model_fields.keys() & readings.keys():
        value = getattr(metadata, field)
        assert value in readings[field], (field, value, readings[field], flow)


def check_request(call: Call, flow: Workflow) -> None:
    """Raise unless the request has no placeholder and only well-formed contacts."""
    mapped = engagement_request(call, MAPPER)
    assert isinstance(mapped, Mapped), (mapped, flow)
    check_sent(mapped.request.members(), flow)


def check_sent(request: dict[str, Any], flow: Workflow) -> None:
    """Raise unless these members may be sent to AskElephant."""
    readings = merged(flow.named)
    lead = _lead(request["participants"], flow.call)
    line = f"+1{flow.call.caller_id}"
    assert lead.get("phone") != line or flow.call.lead_phone == flow.call.caller_id, (line, flow)
    assert lead.get("phone") == _only(readings["lead_phone"], E164), (lead, flow)
    assert lead.get("email") == _only(readings["lead_email"], EMAIL), (lead, flow)
    assert request["media_url"] == flow.call.recording_url, flow
    for each in request["participants"]:
        assert E164.fullmatch(each.get("phone", line)), (each, flow)
        assert EMAIL.fullmatch(each.get("email", flow.call.lead_email)), (each, flow)
    for text in _texts(request):
        assert text.strip().lower() not in BLANKS, (text, flow)
        assert not any(mark in text for mark in UNRENDERED), (text, flow)


def _heard(event: crm.Rendering, reading: Reading) -> CallHeard | None:
    """Return the event that was read, with its fields checked; ``None`` if rightly refused."""
    outcome = _outcome(event.body, reading)
    if event.call_id is None:
        assert outcome in ("no_call_id", "bad_call_id"), (outcome, event.body)
        return None
    assert isinstance(outcome, CallHeard), (outcome, event.body)
    assert outcome.call_id == event.call_id, (outcome.call_id, event.body)
    assert outcome.kind is event.kind, event.body
    check_event(event.body, reading)
    check_metadata(outcome.metadata, event.readings, event.body)
    return outcome


def _outcome(raw: bytes, reading: Reading) -> CallHeard | Ignored | str:
    """Return the event that was read, or the reason of the refusal."""
    try:
        return parse_event(raw, reading)
    except EventError as error:
        return error.reason


def _call(flow: Workflow, events: Iterable[CallHeard]) -> Call:
    call = new_call(flow.call.call_id, flow.call.ended_at)
    for heard in events:
        call = advance(call, heard, flow.call.ended_at, POLICY)
    return call


def _only(allowed: tuple[Any, ...], form: re.Pattern[str]) -> str | None:
    """Return the value of the right form, if any: it must be sent."""
    return next((text for text in allowed if text and form.fullmatch(text)), None)


def _lead(participants: Sequence[dict[str, Any]], call: SampleCall) -> dict[str, Any]:
    """Return the participant that is not the agent."""
    others = [each for each in participants if not each.get("is_owner")]
    address = f"{call.agent_id}@example.org"
    leads = [each for each in others if each.get("email") != address and each.get("name") != AGENT]
    (lead,) = leads or [{}]
    return lead


def _texts(value: Any) -> Iterable[str]:  # noqa: ANN401 - any JSON
    match value:
        case str():
            yield value
        case dict() | list():
            for inner in value.values() if isinstance(value, dict) else value:
                yield from _texts(inner)


NEAR = SEEDS.map(lambda seed: workflow(Random(seed)))  # noqa: S311 - no secrets
TARGET = Target("CRMs' payloads", (NEAR,), check)
