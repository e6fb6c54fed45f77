"""Fetches links to recordings from WAVV's API, for calls that have no usable link."""

from collections.abc import Mapping, Sequence

import structlog

from bridge.domain import events as e
from bridge.domain.recording import link, wants_link
from bridge.domain.retry import AwaitRecording, Failure, Trouble, plan_look
from bridge.pipeline.attempt import Attempt, Settled, save, settled
from bridge.pipeline.slots import LINKS, slot
from bridge.reasons import Reason
from bridge.services import Services
from bridge.wavv.links import FreshLink, RecordingResponse

log = structlog.get_logger(__name__)


def with_links(
    services: Services, attempts: Sequence[Attempt]
) -> tuple[list[Attempt], list[Settled]]:
    """Return the attempts whose call has a link to submit, and the others with how long they wait.

    Links that are missing or about to expire are fetched first. WAVV's API returns one recording
    for each call, so no link is fetched for an extra recording. If WAVV's API fails, the call uses
    the link that it has, or waits. If this process has no free slot to fetch links, calls that need
    a fresh link stay due, and are queued for a slot.
    """
    now, wavv = services.now(), services.wavv
    wanting = [
        attempt
        for attempt in attempts
        if attempt.call.recording_of is None and wants_link(attempt.call, now)
    ]
    if wavv is None or not wanting:
        return _split(services, attempts, {})
    ids = [attempt.call.call_id for attempt in wanting]
    with slot(services, LINKS, ids) as has_slot:
        if not has_slot:
            services.leases.release({one.call.call_id: one.lease for one in wanting})
            return _split(services, [one for one in attempts if one not in wanting], {})
        responses = dict(zip(wanting, wavv.recordings(ids, now), strict=True))
    for attempt, response in responses.items():
        _report(services, attempt.call.call_id, response)
    fresh = [
        (attempt, e.LinkFetched(response.url, response.expires_at))
        for attempt, response in responses.items()
        if isinstance(response, FreshLink)
    ]
    lost = {attempt for attempt, _ in fresh} - {*save(services, fresh)}
    return _split(services, [one for one in attempts if one not in lost], responses)


def _split(
    services: Services, attempts: Sequence[Attempt], responses: Mapping[Attempt, RecordingResponse]
) -> tuple[list[Attempt], list[Settled]]:
    """Return the attempts whose call has a link, and the others with their wait or failure."""
    linked: list[Attempt] = []
    waiting: list[Settled] = []
    for attempt in attempts:
        if link(attempt.call) is not None:
            linked.append(attempt)
            continue
        response = responses.get(attempt)
        problem = response.problem if isinstance(response, Failure) else None
        plan = plan_look(
            Reason.RECORDING_MISSING,
            attempt.call,
            services.now(),
            services.jitter(),
            services.policy,
        )
        if isinstance(plan, AwaitRecording):
            event: e.Event = e.RecordingAwaited(Reason.RECORDING_MISSING, plan.at, problem)
        else:
            event = e.Failed(Reason.RECORDING_MISSING, problem)
        waiting.append((attempt, settled(event)))
    return linked, waiting


def _report(services: Services, call_id: str, response: RecordingResponse) -> None:
    """Count and log a response of WAVV's API, so that an operator sees if WAVV rejects the key."""
    if not isinstance(response, Failure):
        services.counters.saw("wavv_answered", services.now())
        came = isinstance(response, FreshLink)
        services.counters.count("links.fetched" if came else "links.not_there")
        return
    problem = response.problem
    log.warning(
        "recording.not_fetched",
        call_id=call_id,
        reason=problem.reason,
        status=problem.status,
        detail="The call goes on with the link that it has, or waits for one.",
    )
    services.counters.count(f"links.failed.{problem.reason}")
    if response.trouble is Trouble.CREDENTIALS:
        services.counters.saw("wavv_refused", services.now())
