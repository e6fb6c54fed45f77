"""Submitting recorded calls: ``POST /v2/engagements``, idempotent by its ``external_id``."""

from collections.abc import Sequence
from dataclasses import replace

from bridge.askelephant.models import Engagement
from bridge.domain import events as e
from bridge.domain.call import Call, Problem, State
from bridge.domain.links import same_link
from bridge.domain.mapping import Mapped, Unsubmittable, engagement_request
from bridge.domain.participants import droppable, find_owner
from bridge.domain.retry import Failure
from bridge.domain.rules import rule_against
from bridge.domain.steps import SUBMIT
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
from bridge.reasons import Reason
from bridge.services import Services
from bridge.store.changes import Saved


def submit(services: Services, call_ids: Sequence[str]) -> list[Call]:
    """Submit those of the calls that are due; return the calls as saved.

    One worker works on a call at a time: it has the call's lease until it saves what became of the
    call. A call that another worker has, or that is not due any more, is left out.

    What breaks for one call costs that call only: an exception (``isolated``), a lost lease and a
    save that fails are logged with the call's id, and the call stays due. The sweep publishes it
    again, as it does after a worker died between the request and its response. The request is then
    repeated with the same ``external_id``, for which AskElephant returns the same engagement:
    https://docs.askelephant.ai/api-reference/engagements/create-engagement.
    """
    with begin(services, SUBMIT, call_ids) as attempts:
        # Decide: rules skip calls, a call without a link to its recording waits for one, and one
        # that AskElephant would refuse fails without a request.
        skipped, wanted = _by_rules(services, attempts)
        linked, waiting = with_links(services, wanted)
        requests, unsubmittable = _mapped(services, linked)

        # Admit: under a hold, and beyond the budget of requests, calls wait and count no failure.
        admitted, held = admit(services, SUBMIT, list(requests))
        calls = finish(services, [*skipped, *waiting, *unsubmittable, *held])

        # Save that the requests leave before they do: AskElephant's event may come before its
        # response, and finds the call by the link that is saved here.
        starts: list[tuple[Attempt, e.Event]] = []
        for attempt in admitted:
            request, notes = requests[attempt].request, requests[attempt].notes
            start = e.SubmissionStarted(request.external_id, request.external_url, notes)
            starts.append((attempt, start))
        started = save(services, starts)
        ready: list[Attempt] = []
        for attempt in started:
            with isolated(attempt):
                open_extras(services, attempt.call)  # the calls of its other recordings
                attempt.sent = requests[attempt].request.members()  # kept if the call fails
                ready.append(attempt)

        # Send all side by side. Settle each group of responses as it comes, so that a slow response
        # delays no other call.
        for group in services.elephant.create([requests[attempt].request for attempt in ready]):
            responses = [(ready[place], response) for place, response in group]
            outcomes = each(
                responses,
                lambda attempt, response: _settle(services, attempt, requests[attempt], response),
            )
            calls += _with_parked_events(services, finish(services, outcomes))
    _count_unmapped(services, calls)
    return calls


def _by_rules(
    services: Services, attempts: Sequence[Attempt]
) -> tuple[list[Settled], list[Attempt]]:
    """Return the calls that an operator's rule skips, and the others."""
    skipped: list[Settled] = []
    wanted: list[Attempt] = []
    for attempt in attempts:
        reason = rule_against(attempt.call, services.policy)
        if reason is None:
            wanted.append(attempt)
        else:
            skipped.append((attempt, settled(e.Skipped(reason))))
    return skipped, wanted


def _mapped(
    services: Services, attempts: Sequence[Attempt]
) -> tuple[dict[Attempt, Mapped], list[Settled]]:
    """Return the request of each call, and the outcome of those that AskElephant would refuse."""
    requests: dict[Attempt, Mapped] = {}
    unsubmittable: list[Settled] = []
    for attempt in attempts:
        with isolated(attempt):
            mapped = engagement_request(attempt.call, services.mapper)
            if isinstance(mapped, Unsubmittable):
                problem = Problem(reason=mapped.reason, errors=mapped.errors)
                unsubmittable.append((attempt, settled(e.Failed(mapped.reason, problem))))
            else:
                requests[attempt] = mapped
    return requests, unsubmittable


def _settle(
    services: Services, attempt: Attempt, mapped: Mapped, response: Engagement | Failure
) -> Outcome:
    """Return the outcome of a call whose response has come.

    After a failure the call is retried later, or at once without a refused field, or waits for a
    hold, or becomes ``failed``: see ``after_failure``.
    """
    if isinstance(response, Failure):
        # A retry leaves out the participants' fields that the response blames in its text, or else
        # those that its list of errors names.
        named = (str(error.get("field") or "") for error in response.problem.errors)
        blamed = response.blamed_fields or tuple(filter(None, named))
        failure = replace(response, droppable=droppable(blamed, mapped.people))
        return after_failure(services, attempt, failure)
    after_success(services, attempt.admission)  # AskElephant works: that may release a hold
    if not response.created and _is_of_another_call(services, attempt.call, response, mapped):
        collision = Problem(reason=Reason.EXTERNAL_ID_COLLISION, detail=response.id)
        return settled(e.Failed(Reason.EXTERNAL_ID_COLLISION, collision, attempt.sent))
    submitted = e.Submitted(response.id, response.created, response.request_id)
    counter = "engagements.created" if response.created else "engagements.existed"
    return settled(submitted, counts=(counter,))


def _is_of_another_call(
    services: Services, call: Call, engagement: Engagement, mapped: Mapped
) -> bool:
    """Return whether an engagement that existed already belongs to another call.

    It belongs to the call whose record names it, whatever its link is now, because users can edit
    links. If no record names it, its link decides. Without a link it belongs to this call.
    """
    if engagement.id in {call.engagement_id, call.transcript_engagement_id}:
        return False
    owner = services.lookup.by_engagement(engagement.id, None)
    if owner is not None:
        return owner.call_id != call.call_id
    link = engagement.external_url
    return link is not None and not same_link(link, mapped.request.external_url)


def _count_unmapped(services: Services, calls: Sequence[Call]) -> None:
    """Count the calls that were submitted without an owner, by agent.

    A parked event may have made such a call ``transcribed`` already.
    """
    mapper = services.mapper
    unmapped = [
        named
        for call in calls
        if call.state in {State.SUBMITTED, State.TRANSCRIBED}
        if (named := call.metadata.agent_id or call.metadata.agent_phone) is not None
        if find_owner(call.metadata, mapper.agents, mapper.lines).agent is None
    ]
    services.counters.count_unmapped_agents(unmapped, services.settings.retention)


def _with_parked_events(services: Services, calls: Sequence[Call]) -> list[Call]:
    """Apply transcript events that came before their engagement was known; return the calls.

    Intake parks such an event first and then looks for its call once more. The submission saves its
    call first and then looks for a parked event. So one of the two always finds the other.
    """
    ids = [call.engagement_id for call in calls if call.engagement_id is not None]
    parked = services.lookup.parked_many(ids)
    happened = [
        Happened(call=call, events=[e.TranscriptReady(call.engagement_id, "webhook", entry)])
        for call in calls
        if call.engagement_id is not None and (entry := parked.get(call.engagement_id))
    ]
    results = zip(happened, apply_events(services, happened), strict=True)
    heard = {one.call.call_id: result.after for one, result in results if isinstance(result, Saved)}
    return [heard.get(call.call_id) or call for call in calls]
