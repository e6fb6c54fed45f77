"""The link to submit: fetched afresh from WAVV where there is none, or none that is any good."""

import structlog

from bridge.domain import events as e
from bridge.domain.call import Call
from bridge.domain.recording import MISSING, link, wants_link
from bridge.domain.retry import AwaitRecording, Failure, Trouble, plan_look
from bridge.parts import Parts
from bridge.pipeline.attempt import Turn, end, save
from bridge.wavv.links import Answer, FreshLink

log = structlog.get_logger(__name__)


def with_link(parts: Parts, at: Turn) -> Turn | Call:
    """Return the turn with a link to submit, or the call as it was saved to wait for one.

    Trouble with WAVV's API holds nothing: the call goes on with the link it has, if it has one.
    """
    answer = _fetch(parts, at.call)
    if isinstance(answer, FreshLink):
        save(parts, at, e.LinkFetched(answer.url, answer.expires_at))
        return at
    if link(at.call) is not None:
        return at
    return end(parts, at, _awaited(parts, at.call, answer))


def _awaited(parts: Parts, call: Call, answer: Answer | None) -> e.RecordingAwaited | e.Failed:
    problem = answer.problem if isinstance(answer, Failure) else None
    plan = plan_look(MISSING, call, parts.now(), parts.jitter(), parts.policy)
    if isinstance(plan, AwaitRecording):
        return e.RecordingAwaited(MISSING, plan.at, problem)
    return e.Failed(MISSING, problem)


def _fetch(parts: Parts, call: Call) -> Answer | None:
    """Return what WAVV answered; ``None`` = there was no need to ask, or no key to ask with."""
    now = parts.now()
    is_wavvs = call.recording_of is None  # WAVV's API gives one recording for each call
    if parts.wavv is None or not is_wavvs or not wants_link(call, now):
        return None
    answer = parts.wavv.recording(call.call_id, now)
    _tell(parts, answer)
    return answer


def _tell(parts: Parts, answer: Answer) -> None:
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
