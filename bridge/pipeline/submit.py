"""Submitting a recorded call: ``POST /v2/engagements``, idempotent by its ``external_id``."""

from bridge.askelephant.models import Engagement
from bridge.domain import events as e
from bridge.domain.call import Call, Problem
from bridge.domain.mapping import Mapped, Unsubmittable, engagement_request, known_agent
from bridge.domain.retry import Failure
from bridge.domain.rules import skip_reason
from bridge.domain.steps import SUBMIT
from bridge.parts import Parts
from bridge.pipeline.attempt import Turn, ask, turn
from bridge.pipeline.record import record


def submit(parts: Parts, call_id: str) -> Call | None:
    """Submit the call if it is due; return it as saved, or ``None`` when it was not our turn."""
    with turn(parts, call_id, SUBMIT) as at:
        return None if at is None else _submit(parts, at)


def _submit(parts: Parts, at: Turn) -> Call:
    prepared = _prepare(parts, at.call)
    if not isinstance(prepared, Mapped):
        return record(parts, at.call, prepared, at.lease)
    request = prepared.request
    # Saved before the request leaves: the transcript event may arrive before its answer.
    started = e.SubmissionStarted(request.external_id, request.external_url, prepared.notes)

    def post() -> Engagement | Failure:
        record(parts, at.call, started, at.lease)
        return parts.elephant.create(request)

    answer = ask(parts, at, post)
    return answer if isinstance(answer, Call) else _accept(parts, at, answer, request.external_url)


def _prepare(parts: Parts, call: Call) -> Mapped | e.Skipped | e.Failed:
    """Return the request, or what keeps the call from being sent at all."""
    if (reason := skip_reason(call.metadata, parts.policy)) is not None:
        return e.Skipped(reason)
    if call.metadata.recording_url is None:
        return e.Failed("recording_missing")
    mapped = engagement_request(call, parts.mapper)
    if isinstance(mapped, Unsubmittable):
        return e.Failed(mapped.reason, Problem(reason=mapped.reason, errors=mapped.errors))
    return mapped


def _accept(parts: Parts, at: Turn, engagement: Engagement, external_url: str) -> Call:
    created = engagement.created is not False
    if not created and engagement.external_url not in {None, external_url}:
        collision = Problem(reason="external_id_collision", detail=engagement.id)
        return record(parts, at.call, e.Failed("external_id_collision", collision), at.lease)
    parts.counters.count("engagements.created" if created else "engagements.existed")
    _count_unmapped(parts, at.call)
    submitted = e.Submitted(engagement.id, created, engagement.request_id)
    saved = record(parts, at.call, submitted, at.lease)
    # Saved first, then asked: whoever parks an event looks for the call again afterwards.
    entry = parts.lookup.parked(engagement.id)
    if entry is None:
        return saved
    return record(parts, saved, e.TranscriptReady(engagement.id, "webhook", entry), at.lease)


def _count_unmapped(parts: Parts, call: Call) -> None:
    said = call.metadata
    agent = said.agent_id or said.agent_phone
    if agent is not None and known_agent(said, parts.mapper.agents) is None:
        parts.counters.count_unmapped_agent(agent)
