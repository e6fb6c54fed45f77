"""The link to submit: fetched afresh from WAVV where there is none, or none that is any good."""

from collections.abc import Sequence

import structlog

from bridge.domain import events as e
from bridge.domain.call import Call
from bridge.domain.recording import MISSING, link, wants_link
from bridge.domain.retry import AwaitRecording, Failure, Trouble, plan_look
from bridge.pipeline.attempt import Attempt, Settled, save, settled
from bridge.pipeline.places import LINKS, place
from bridge.services import Services
from bridge.wavv.links import Answer, FreshLink

log = structlog.get_logger(__name__)


def with_links(
    services: Services, attempts: Sequence[Attempt]
) -> tuple[list[Attempt], list[Settled]]:
    """Return the attempts that have a link to submit, and the wait of each other one.

    Trouble with WAVV's API holds nothing: a call goes on with the link it has, if it has one. Calls
    for which this process has no place to fetch a link are left due, and wait for a place.
    """
    now = services.now()
    wanting = [attempt for attempt in attempts if _asks_wavv(services, attempt.call)]
    if not wanting or services.wavv is None:
        return _sorted(services, attempts, {})
    ids = [attempt.call.call_id for attempt in wanting]
    with place(services, LINKS, ids) as has_place:
        if not has_place:
            services.leases.give_back({one.call.call_id: one.lease for one in wanting})
            return _sorted(services, [one for one in attempts if one not in wanting], {})
        answers = dict(zip(wanting, services.wavv.recordings(ids, now), strict=True))
    for answer in answers.values():
        _report(services, answer)
    fresh = [
        (attempt, e.LinkFetched(answer.url, answer.expires_at))
        for attempt, answer in answers.items()
        if isinstance(answer, FreshLink)
    ]
    lost = {attempt for attempt, _ in fresh} - {*save(services, fresh)}
    return _sorted(services, [one for one in attempts if one not in lost], answers)


def _asks_wavv(services: Services, call: Call) -> bool:
    """Return whether WAVV's API is asked. It gives one recording for each call."""
    return (
        services.wavv is not None and call.recording_of is None and wants_link(call, services.now())
    )


def _sorted(
    services: Services, attempts: Sequence[Attempt], answers: dict[Attempt, Answer]
) -> tuple[list[Attempt], list[Settled]]:
    linked = [attempt for attempt in attempts if link(attempt.call) is not None]
    waiting = [
        (attempt, settled(_awaited(services, attempt.call, answers.get(attempt))))
        for attempt in attempts
        if link(attempt.call) is None
    ]
    return linked, waiting


def _awaited(
    services: Services, call: Call, answer: Answer | None
) -> e.RecordingAwaited | e.Failed:
    problem = answer.problem if isinstance(answer, Failure) else None
    plan = plan_look(MISSING, call, services.now(), services.jitter(), services.policy)
    if isinstance(plan, AwaitRecording):
        return e.RecordingAwaited(MISSING, plan.at, problem)
    return e.Failed(MISSING, problem)


def _report(services: Services, answer: Answer) -> None:
    """Let the operator see what came: nothing else shows a key that WAVV refuses."""
    if not isinstance(answer, Failure):
        services.counters.saw("wavv_answered", services.now())
        came = isinstance(answer, FreshLink)
        services.counters.count("links.fetched" if came else "links.not_there")
        return
    problem = answer.problem
    log.warning("recording.not_fetched", reason=problem.reason, status=problem.status)
    services.counters.count(f"links.failed.{problem.reason}")
    if answer.trouble is Trouble.CREDENTIALS:
        services.counters.saw("wavv_refused", services.now())
