"""Submits recorded calls to AskElephant by ``POST /v2/engagements``.

Requests with the same ``external_id`` create only one engagement, so that they can be repeated.
"""

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
    """Submit the calls that are due; return the saved calls.

    A worker has a lease on a call until it has saved the result of the submission. A call that
    another worker has leased, or that is not due any more, is left out.

    An error of one call does not affect the others. An exception (see ``isolated``), a lost lease
    and a failed save are logged with the id of the call, and the call stays due. The sweep
    publishes the call again, as it does after a worker was killed before the response. The request
    is then repeated with the same ``external_id``, for which AskElephant returns the same
    engagement: https://docs.askelephant.ai/api-reference/engagements/create-engagement.
    """
    with begin(services, SUBMIT, call_ids) as attempts:
        # Decide. A rule of the operator excludes some calls. A call without a link to its recording
        # waits. A call that AskElephant would reject fails without a request.
        skipped, wanted = _by_rules(services, attempts)
        linked, waiting = with_links(services, wanted)
        requests, unsubmittable = _mapped(services, linked)

        # Admit. Under a hold, or beyond the rate limit, calls wait. This is not a failure.
        admitted, held = admit(services, SUBMIT, list(requests))
        calls = finish(services, [*skipped, *waiting, *unsubmittable, *held])

        # Save the external URL before the request is sent: AskElephant's webhook may arrive before
        # the response, and is matched to the call by this URL.
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

        # Send all requests concurrently. Save the results of each group of responses on arrival, so
        # that a slow response does not delay the other calls.
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
    """Return the attempts whose call a rule of the operator excludes, and the other attempts."""
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
    """Return the requests by attempt, and the calls that fail without a request.

    A call fails without a request if AskElephant would reject the request.
    """
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
    """Return the outcome of a call from the response to its submission.

    After a failure the call is retried later, or at once without the rejected fields, or waits for
    the end of a hold, or becomes ``failed``: see ``after_failure``.
    """
    if isinstance(response, Failure):
        # A retry leaves out the participants' fields that the response names as invalid: in its
        # text, or else in its list of errors.
        named = (str(error.get("field") or "") for error in response.problem.errors)
        blamed = response.blamed_fields or tuple(filter(None, named))
        failure = replace(response, droppable=droppable(blamed, mapped.people))
        return after_failure(services, attempt, failure)
    after_success(services, attempt.admission)  # AskElephant works, so a hold may end
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

    An engagement belongs to the call whose record names its id, even if its external URL differs,
    because users can edit the URL. If no record names the id, the external URL decides. An
    engagement without a URL belongs to this call.
    """
    if engagement.id in {call.engagement_id, call.transcript_engagement_id}:
        return False
    owner = services.lookup.by_engagement(engagement.id, None)
    if owner is not None:
        return owner.call_id != call.call_id
    link = engagement.external_url
    return link is not None and not same_link(link, mapped.request.external_url)


def _count_unmapped(services: Services, calls: Sequence[Call]) -> None:
    """Count the submitted calls whose agent is not in the agents file, by agent.

    The state of a submitted call may already be ``transcribed``, because of a parked event.
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
    """Apply transcript events that arrived before the response to the submission; return the calls.

    The handler of such an event first stores (parks) the event, and then looks up its call once
    more. The submission first saves its call, and then reads the parked events. So one of the two
    always finds the other.
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
