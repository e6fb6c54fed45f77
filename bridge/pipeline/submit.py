"""Submitting recorded calls: ``POST /v2/engagements``, idempotent by its ``external_id``."""

from collections.abc import Sequence
from dataclasses import replace

from bridge.askelephant.models import Engagement
from bridge.domain import events as e
from bridge.domain.call import Call, Problem, State
from bridge.domain.links import same_link
from bridge.domain.mapping import Mapped, Unsubmittable, engagement_request
from bridge.domain.participants import People, droppable, find_owner
from bridge.domain.retry import Failure
from bridge.domain.rules import rule_against
from bridge.domain.steps import SUBMIT
from bridge.parts import Parts
from bridge.pipeline.attempt import (
    Attempt,
    Outcome,
    Settled,
    admit,
    begin,
    each,
    finish,
    isolated,
    save,
    settled,
)
from bridge.pipeline.extras import open_extras
from bridge.pipeline.failure import after_failure, after_success
from bridge.pipeline.record import Happened, apply_events
from bridge.pipeline.recording import with_links
from bridge.store.changes import Saved


def submit(parts: Parts, call_ids: Sequence[str]) -> list[Call]:
    """Submit those of the calls that are due; return the calls as saved.

    A call whose lease another worker has, or that is not due any more, is left out. What becomes of
    a call is saved as soon as its response is there, whatever the other requests do.
    """
    with begin(parts, SUBMIT, call_ids) as attempts:
        # Decide: rules skip calls, a call without a link to its recording waits for one, and one
        # that AskElephant would refuse is not sent.
        skipped, wanted = _by_rules(parts, attempts)
        linked, waiting = with_links(parts, wanted)
        requests, unsubmittable = _mapped(parts, linked)

        # Admit: a hold or the request budget may keep requests back.
        admitted, held = admit(parts, SUBMIT, list(requests))
        calls = finish(parts, [*skipped, *waiting, *unsubmittable, *held])

        # Save that the requests leave before they do: AskElephant's event may come before its
        # response, and finds the call by the link that is saved here.
        ready: list[Attempt] = []
        for attempt in save(parts, [(one, _started(requests[one])) for one in admitted]):
            with isolated(attempt):
                open_extras(parts, attempt.call)
                attempt.sent = requests[attempt].request.members()
                ready.append(attempt)

        # Send all side by side, and settle each group of responses as it comes.
        for group in parts.elephant.create([requests[attempt].request for attempt in ready]):
            responses = [(ready[place], response) for place, response in group]
            outcomes = each(
                responses,
                lambda attempt, response: _settle(parts, attempt, requests[attempt], response),
            )
            calls += _with_parked_events(parts, finish(parts, outcomes))
    _count_unmapped(parts, calls)
    return calls


def _by_rules(parts: Parts, attempts: Sequence[Attempt]) -> tuple[list[Settled], list[Attempt]]:
    """Return the calls that an operator's rule skips, and the others."""
    skipped: list[Settled] = []
    wanted: list[Attempt] = []
    for attempt in attempts:
        reason = rule_against(attempt.call, parts.policy)
        if reason is None:
            wanted.append(attempt)
        else:
            skipped.append((attempt, settled(e.Skipped(reason))))
    return skipped, wanted


def _mapped(
    parts: Parts, attempts: Sequence[Attempt]
) -> tuple[dict[Attempt, Mapped], list[Settled]]:
    """Return the request of each call, and the end of those that AskElephant would refuse."""
    requests: dict[Attempt, Mapped] = {}

    def decide(attempt: Attempt, _: None) -> Outcome | None:
        mapped = engagement_request(attempt.call, parts.mapper)
        if isinstance(mapped, Unsubmittable):
            refused = Problem(reason=mapped.reason, errors=mapped.errors)
            return settled(e.Failed(mapped.reason, refused))
        requests[attempt] = mapped
        return None

    unsubmittable = each([(attempt, None) for attempt in attempts], decide)
    return requests, unsubmittable


def _started(mapped: Mapped) -> e.SubmissionStarted:
    request = mapped.request
    return e.SubmissionStarted(request.external_id, request.external_url, mapped.notes)


def _settle(
    parts: Parts, attempt: Attempt, mapped: Mapped, response: Engagement | Failure
) -> Outcome:
    """Return what becomes of a call whose response is there."""
    if isinstance(response, Failure):
        return after_failure(parts, attempt, _with_droppable(response, mapped.people))
    after_success(parts, attempt.admission)
    created = response.created is not False
    if not created and _is_of_another_call(parts, attempt.call, response, mapped):
        collision = Problem(reason="external_id_collision", detail=response.id)
        return settled(e.Failed("external_id_collision", collision, attempt.sent))
    submitted = e.Submitted(response.id, created, response.request_id)
    return settled(submitted, counts=("engagements.created" if created else "engagements.existed",))


def _with_droppable(failure: Failure, sent: People) -> Failure:
    """Return the failure with the participants' fields without which the request may pass."""
    named = (str(error.get("field") or "") for error in failure.problem.errors)
    blamed = failure.blamed_fields or tuple(filter(None, named))
    return replace(failure, droppable=droppable(blamed, sent))


def _is_of_another_call(parts: Parts, call: Call, engagement: Engagement, mapped: Mapped) -> bool:
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
    return link is not None and not same_link(link, mapped.request.external_url)


def _count_unmapped(parts: Parts, calls: Sequence[Call]) -> None:
    """Count those of the calls that are submitted now, and have an agent without an owner."""
    mapper = parts.mapper
    unmapped = [
        named
        for call in calls
        if call.state in {State.SUBMITTED, State.TRANSCRIBED}
        if (named := call.metadata.agent_id or call.metadata.agent_phone) is not None
        if find_owner(call.metadata, mapper.agents, mapper.lines).agent is None
    ]
    parts.counters.count_unmapped_agents(unmapped, parts.settings.retention)


def _with_parked_events(parts: Parts, calls: Sequence[Call]) -> list[Call]:
    """Return the calls after the transcript events that came before their engagement was known.

    Saved first, then looked for: intake parks an event first and looks for its call afterwards, so
    that one of the two finds the other.
    """
    ids = [call.engagement_id for call in calls if call.engagement_id is not None]
    parked = parts.lookup.parked_many(ids)
    happened = [
        Happened(call=call, events=[e.TranscriptReady(call.engagement_id, "webhook", entry)])
        for call in calls
        if call.engagement_id is not None and (entry := parked.get(call.engagement_id))
    ]
    results = zip(happened, apply_events(parts, happened), strict=True)
    heard = {one.call.call_id: result.after for one, result in results if isinstance(result, Saved)}
    return [heard.get(call.call_id) or call for call in calls]
