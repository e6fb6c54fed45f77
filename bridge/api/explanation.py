"""The explanation of a call in the API: its state, the cause, and the next step, in English."""

from datetime import datetime

from pydantic import BaseModel, Field

from bridge.domain.call import Call
from bridge.domain.explain import Facts, Pause, Stopped, WaitsFor, explain
from bridge.pipeline.sweep import are_sweeps_stopped
from bridge.services import Services


class ExplanationView(BaseModel):
    """The state of a call, the cause, and the next step, in plain English."""

    sentence: str = Field(description="`cause`, `outlook` and `advice` in one text")
    cause: str = Field(description="Where the call is, and why")
    outlook: str = Field(description="What happens next, and when; empty at rest")
    advice: str = Field(description="What a person must do, if anything")
    waits_for: WaitsFor
    since: datetime = Field(description="When the call began to wait for this")
    next_at: datetime | None = Field(description="When the bridge does the next step for the call")
    deadline: datetime | None = Field(description="When the bridge stops waiting")


def facts(services: Services) -> Facts:
    """Read the facts that explain calls and are not in call records: holds, workers, last sweep."""
    now = services.now()
    stopped, stopped_since = _stopped(services, now)
    return Facts(
        policy=services.policy,
        pauses=tuple(
            Pause(hold.reason, hold.since, hold.next_at, hold.step)
            for hold in services.holds.all(now)
        ),
        stopped=stopped,
        stopped_since=stopped_since,
    )


def _stopped(services: Services, now: datetime) -> tuple[Stopped | None, datetime | None]:
    """Return what has stopped (workers or sweeps), and when it last ran; else ``None``, ``None``.

    Workers of version 0.1.0 write no heartbeats, but a sweep shows that one of them runs.
    """
    workers, last = services.heartbeats.all(), services.counters.last_saw("sweep")
    if workers and all(worker.is_gone(now) for worker in workers):
        return Stopped.WORKERS, max(worker.seen_at for worker in workers)
    if are_sweeps_stopped(services, last):
        return (Stopped.SWEEPS if workers else Stopped.WORKERS), last
    return None, None


def explanation_view(call: Call, known: Facts, now: datetime) -> ExplanationView:
    """Return the explanation of a call. ``known`` is read once for all calls of a response."""
    found = explain(call, known, now)
    return ExplanationView(
        sentence=found.sentence,
        cause=found.cause,
        outlook=found.outlook,
        advice=found.advice,
        waits_for=found.waits_for,
        since=found.since,
        next_at=found.next_at,
        deadline=found.deadline,
    )
