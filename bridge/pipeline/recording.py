"""The link to submit: fetched afresh from WAVV where there is none, or none that is any good."""

from collections.abc import Sequence

import structlog

from bridge.domain import events as e
from bridge.domain.call import Call
from bridge.domain.recording import MISSING, link, wants_link
from bridge.domain.retry import AwaitRecording, Failure, Trouble, plan_look
from bridge.parts import Parts
from bridge.pipeline.attempt import Attempt, Settled, save, settled
from bridge.pipeline.places import LINKS, place
from bridge.wavv.links import Answer, FreshLink

log = structlog.get_logger(__name__)


def with_links(parts: Parts, attempts: Sequence[Attempt]) -> tuple[list[Attempt], list[Settled]]:
    """Return the attempts that have a link to submit, and the wait of each other one.

    Trouble with WAVV's API holds nothing: a call goes on with the link it has, if it has one. Calls
    for which this process has no place to fetch a link are left due, and wait for a place.
    """
    now = parts.now()
    wanting = [attempt for attempt in attempts if _asks_wavv(parts, attempt.call)]
    if not wanting or parts.wavv is None:
        return _sorted(parts, attempts, {})
    ids = [attempt.call.call_id for attempt in wanting]
    with place(parts, LINKS, ids) as has_place:
        if not has_place:
            parts.leases.give_back({one.call.call_id: one.lease for one in wanting})
            return _sorted(parts, [one for one in attempts if one not in wanting], {})
        answers = dict(zip(wanting, parts.wavv.recordings(ids, now), strict=True))
    for answer in answers.values():
        _report(parts, answer)
    fresh = [
        (attempt, e.LinkFetched(answer.url, answer.expires_at))
        for attempt, answer in answers.items()
        if isinstance(answer, FreshLink)
    ]
    lost = {attempt for attempt, _ in fresh} - {*save(parts, fresh)}
    return _sorted(parts, [one for one in attempts if one not in lost], answers)


def _asks_wavv(parts: Parts, call: Call) -> bool:
    """Return whether WAVV's API is asked. It gives one recording for each call."""
    return parts.wavv is not None and call.recording_of is None and wants_link(call, parts.now())


def _sorted(
    parts: Parts, attempts: Sequence[Attempt], answers: dict[Attempt, Answer]
) -> tuple[list[Attempt], list[Settled]]:
    linked = [attempt for attempt in attempts if link(attempt.call) is not None]
    waiting = [
        (attempt, settled(_awaited(parts, attempt.call, answers.get(attempt))))
        for attempt in attempts
        if link(attempt.call) is None
    ]
    return linked, waiting


def _awaited(parts: Parts, call: Call, answer: Answer | None) -> e.RecordingAwaited | e.Failed:
    problem = answer.problem if isinstance(answer, Failure) else None
    plan = plan_look(MISSING, call, parts.now(), parts.jitter(), parts.policy)
    if isinstance(plan, AwaitRecording):
        return e.RecordingAwaited(MISSING, plan.at, problem)
    return e.Failed(MISSING, problem)


def _report(parts: Parts, answer: Answer) -> None:
    """Let the operator see what came: nothing else shows a key that WAVV refuses."""
    if not isinstance(answer, Failure):
        parts.counters.saw("wavv_answered", parts.now())
        came = isinstance(answer, FreshLink)
        parts.counters.count("links.fetched" if came else "links.not_there")
        return
    problem = answer.problem
    log.warning("recording.not_fetched", reason=problem.reason, status=problem.status)
    parts.counters.count(f"links.failed.{problem.reason}")
    if answer.trouble is Trouble.CREDENTIALS:
        parts.counters.saw("wavv_refused", parts.now())
