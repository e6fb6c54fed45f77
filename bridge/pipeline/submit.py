"""Submitting a recorded call: ``POST /v2/engagements``, idempotent by its ``external_id``."""

from dataclasses import replace

from bridge.askelephant.models import Engagement
from bridge.domain import events as e
from bridge.domain.call import Call, Problem
from bridge.domain.links import same_link
from bridge.domain.mapping import Unsubmittable, engagement_request
from bridge.domain.participants import People, droppable, find_owner
from bridge.domain.retry import Failure
from bridge.domain.rules import rule_against
from bridge.domain.steps import SUBMIT
from bridge.parts import Parts
from bridge.pipeline.attempt import Turn, ask, end, save, turn
from bridge.pipeline.extras import open_extras
from bridge.pipeline.newer import leaving_newer
from bridge.pipeline.record import record
from bridge.pipeline.recording import with_link


@leaving_newer()
def submit(parts: Parts, call_id: str) -> Call | None:
    """Submit the call if it is due; return it as saved, or ``None`` when it was not our turn."""
    with turn(parts, call_id, SUBMIT) as at:
        return None if at is None else _submit(parts, at)


def _submit(parts: Parts, at: Turn) -> Call:
    """Skip the call, wait for its recording, or send it."""
    if (reason := rule_against(at.call, parts.policy)) is not None:
        return end(parts, at, e.Skipped(reason))
    linked = with_link(parts, at)
    return linked if isinstance(linked, Call) else _send(parts, linked)


def _send(parts: Parts, at: Turn) -> Call:
    mapped = engagement_request(at.call, parts.mapper)
    if isinstance(mapped, Unsubmittable):
        refused = Problem(reason=mapped.reason, errors=mapped.errors)
        return end(parts, at, e.Failed(mapped.reason, refused))
    request = mapped.request
    # Saved before the request leaves: the transcript event may arrive before its answer.
    started = e.SubmissionStarted(request.external_id, request.external_url, mapped.notes)

    def post() -> Engagement | Failure:
        save(parts, at, started)
        open_extras(parts, at.call)
        at.sent = request.members()
        response = parts.elephant.create(request)
        return (
            _with_droppable(response, mapped.people) if isinstance(response, Failure) else response
        )

    answer = ask(parts, at, post)
    return answer if isinstance(answer, Call) else _accept(parts, at, answer, request.external_url)


def _accept(parts: Parts, at: Turn, engagement: Engagement, external_url: str) -> Call:
    created = engagement.created is not False
    if not created and _is_of_another_call(parts, at.call, engagement, external_url):
        collision = Problem(reason="external_id_collision", detail=engagement.id)
        return end(parts, at, e.Failed("external_id_collision", collision, at.sent))
    _count_unmapped(parts, at.call)
    submitted = e.Submitted(engagement.id, created, engagement.request_id)
    counted = "engagements.created" if created else "engagements.existed"
    saved = end(parts, at, submitted, counts=[counted])
    # Saved first, then asked: whoever parks an event looks for the call again afterwards.
    entry = parts.lookup.parked(engagement.id)
    if entry is None:
        return saved
    return record(parts, saved, e.TranscriptReady(engagement.id, "webhook", entry))


def _with_droppable(failure: Failure, sent: People) -> Failure:
    """Return the failure with the participants' fields without which the request may pass."""
    named = (str(error.get("field") or "") for error in failure.problem.errors)
    blamed = failure.blamed_fields or tuple(filter(None, named))
    return replace(failure, droppable=droppable(blamed, sent))


def _is_of_another_call(
    parts: Parts, call: Call, engagement: Engagement, external_url: str
) -> bool:
    """Return whether an engagement that existed already is another call's.

    It is this call's if the record says so, whatever its link is now: people edit links. If no
    call is known to have it, its link decides.
    """
    if engagement.id in {call.engagement_id, call.transcript_engagement_id}:
        return False
    owner = parts.lookup.by_engagement(engagement.id, None)
    if owner is not None:
        return owner.call_id != call.call_id
    link = engagement.external_url
    return link is not None and not same_link(link, external_url)


def _count_unmapped(parts: Parts, call: Call) -> None:
    metadata, mapper = call.metadata, parts.mapper
    named = metadata.agent_id or metadata.agent_phone
    if named is not None and find_owner(metadata, mapper.agents, mapper.lines).agent is None:
        parts.counters.count_unmapped_agent(named, parts.settings.retention)
