"""The models of the API's responses. Fields are only added, because clients depend on them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from bridge.api.explanation import ExplanationView, explanation_view, facts
from bridge.api.links import EngagementLinks, engagement_links
from bridge.domain.call import Call, Metadata, Problem, State
from bridge.domain.extras import bare_link
from bridge.domain.mapping import Unsubmittable, engagement_request
from bridge.domain.recording import link
from bridge.domain.timeline import TimelineEntry
from bridge.services import Services
from bridge.store.hold import Hold


class InsightsView(BaseModel):
    """The insights of a call. An insight that was never fetched is absent."""

    model_config = ConfigDict(extra="allow")

    status: str = Field(description="`pending`, `all`, `some` or `none`")
    checks: int = Field(description="How many requests for insights were sent")
    deadline: datetime | None = Field(
        None, description="After this time no more insights are requested"
    )
    action_items: list[dict[str, Any]] = []
    signals: list[dict[str, Any]] = []


class CallSummary(BaseModel):
    """A call as one line of the list of calls."""

    call_id: str
    state: State
    reason: str | None = Field(description="Why the call is in its state, as a slug")
    explanation: ExplanationView
    engagement_id: str | None
    external_url: str | None = Field(description="The call's page in the dialer")
    askelephant_url: str | None = Field(
        description="The engagement's page; also null while the workspace is not known"
    )
    metadata: Metadata
    insights_status: str
    attempts: int = Field(description="Requests sent to submit the call")
    due_at: datetime | None = Field(description="When the call's next step is due")
    created_at: datetime
    updated_at: datetime


class ExtraRecordingView(BaseModel):
    """An extra recording of a call, and the extra call that submits the recording."""

    link: str = Field(description="The recording's link without query and fragment")
    heard_at: datetime = Field(description="When WAVV sent the newest link")
    call_id: str | None = Field(description="The extra call that submits the recording, or null")
    state: State | None = Field(description="The extra call's state")
    engagement_id: str | None = Field(description="The extra call's engagement")


class CallView(CallSummary):
    """One call with all fields, insights and its timeline."""

    external_id: str | None
    engagement_created: bool | None = Field(
        description="False if AskElephant already had the engagement"
    )
    recording_url: str | None = Field(
        description="The link to submit: of WAVV's events, or a newer one from WAVV's API"
    )
    extra_recordings: list[ExtraRecordingView] = Field(
        description="Recordings of the call other than the one that is submitted for it"
    )
    recording_of: str | None = Field(
        description="The call whose extra recording this call submits; null for WAVV's own calls"
    )
    held: bool = Field(
        description="True while the call waits for a hold to end or for the request budget"
    )
    problem: Problem | None = Field(description="The last refusal or failure")
    request: dict[str, Any] | None = Field(
        description="The body for AskElephant: as sent if the submission failed for good, else "
        "made from the call as it is now; null if none can be made"
    )
    insights: InsightsView
    timeline: list[TimelineEntry]


class CallPage(BaseModel):
    """A page of calls, the newest first. ``next_cursor`` is null on the last page."""

    data: list[CallSummary]
    next_cursor: str | None
    damaged: int = Field(
        0, description="Calls that no page shows, because their record is damaged; absent if none"
    )

    @model_serializer(mode="wrap")
    def _without_zero_damage(self, serialized: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialized(self)
        return fields if self.damaged else {k: v for k, v in fields.items() if k != "damaged"}


class DamageView(BaseModel):
    """The calls whose stored record is damaged: how many, and up to 100 of their ids."""

    count: int
    call_ids: list[str]


class HoldView(BaseModel):
    """Why requests to AskElephant are held, and until when."""

    reason: str = Field(description="Why requests are held, as a slug")
    status: int | None = Field(description="The HTTP status that started the hold")
    detail: str | None = Field(description="Text of AskElephant's response")
    step: str | None = Field(description="`submit` or `insights`; null if all requests are held")
    since: datetime
    until: datetime = Field(
        description="The time that AskElephant named, else the time of the next trial request"
    )
    next_request_at: datetime = Field(description="When one request is sent as a trial")


class HoldsView(BaseModel):
    """All holds (pauses of requests to AskElephant) in force, and the fields of the first hold."""

    held: bool
    reason: str | None = Field(None, description="The first hold's reason, as a slug")
    status: int | None = None
    detail: str | None = None
    step: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    next_request_at: datetime | None = None
    hold_max_seconds: float = Field(
        description="The longest time between two trial requests of a hold"
    )
    holds: list[HoldView]


class ReleasedView(BaseModel):
    """The holds of requests that this request has ended."""

    released: list[HoldView]


class WorkerView(BaseModel):
    """A running worker process."""

    name: str = Field(description="The worker's name in Celery and Flower, such as `celery@host`")
    version: str = Field(description="The bridge's version in the worker")
    running: int = Field(description="How many tasks the worker runs")
    seen_at: datetime = Field(description="The last heartbeat; there is one every ten seconds")


class SourceView(BaseModel):
    """When the last event of a source was accepted, and when the last one was refused."""

    received_at: datetime | None = Field(
        description="When its last event was accepted, duplicates included; null = never"
    )
    refused_at: datetime | None = Field(description="When its last event was refused; null = never")
    refused_reason: str | None = Field(description="Why its last refused event was refused")


class StatsView(BaseModel):
    """The statistics of all calls and events."""

    states: dict[str, int]
    overdue: dict[str, int]
    inbox: dict[str, Any]
    hold: HoldView | None
    brake: HoldView | None = Field(description="Deprecated: the same as `hold`")
    counters: dict[str, int]
    unmapped_agents: dict[str, int]
    damaged: DamageView
    sources: dict[str, SourceView] = Field(description="By source: `wavv` and `askelephant`")
    workers: list[WorkerView] = Field(
        description="The running workers; a worker that has missed three heartbeats is gone"
    )


def hold_view(hold: Hold) -> HoldView:
    """Convert a hold (a pause of requests to AskElephant) to the form of the API."""
    return HoldView(
        reason=hold.reason,
        status=hold.status,
        detail=hold.detail,
        step=hold.step or None,
        since=hold.since,
        until=hold.until,
        next_request_at=hold.next_at,
    )


def summaries(calls: Sequence[Call], services: Services) -> list[CallSummary]:
    """Return the calls as lines of a list. Facts that all calls share are read from Redis once."""
    links, known, now = engagement_links(services), facts(services), services.now()
    return [
        CallSummary(**_common(call, links, explanation_view(call, known, now))) for call in calls
    ]


def view(call: Call, services: Services) -> CallView:
    """Convert a call to the form of the API, with all fields and insights."""
    recording = link(call)
    request = call.request if call.state is State.FAILED else None
    if request is None:
        mapped = engagement_request(call, services.mapper)
        request = None if isinstance(mapped, Unsubmittable) else mapped.request.members()
    explained = explanation_view(call, facts(services), services.now())
    return CallView(
        **_common(call, engagement_links(services), explained),
        external_id=call.external_id,
        engagement_created=call.engagement_created,
        recording_url=recording.url if recording else None,
        extra_recordings=_extra_recordings(call, services),
        recording_of=call.recording_of,
        held=call.held,
        problem=call.problem,
        request=request,
        insights=insights_view(call, services.calls.insights(call)),
        timeline=list(call.timeline),
    )


def insights_view(call: Call, insights: dict[str, Any]) -> InsightsView:
    """Return the insights of a call with their status."""
    known = call.insights
    return InsightsView(
        status=known.status, checks=known.checks, deadline=known.deadline, **insights
    )


def _extra_recordings(call: Call, services: Services) -> list[ExtraRecordingView]:
    ids = [extra.call_id for extra in call.extra_recordings if extra.call_id is not None]
    found = {submitting.call_id: submitting for submitting in services.calls.load_readable(ids)}
    return [
        ExtraRecordingView(
            link=bare_link(extra.url),
            heard_at=datetime.fromtimestamp(at, UTC) if (at := extra.stamp[0]) else call.created_at,
            call_id=extra.call_id,
            state=found[extra.call_id].state if extra.call_id in found else None,
            engagement_id=found[extra.call_id].engagement_id if extra.call_id in found else None,
        )
        for extra in call.extra_recordings
    ]


def _common(call: Call, links: EngagementLinks, explanation: ExplanationView) -> dict[str, Any]:
    return {
        "call_id": call.call_id,
        "state": call.state,
        "reason": call.reason,
        "explanation": explanation,
        "engagement_id": call.engagement_id,
        "external_url": call.external_url,
        "askelephant_url": links.url(call.engagement_id),
        "metadata": call.metadata,
        "insights_status": call.insights.status,
        "attempts": call.attempts,
        "due_at": call.due_at,
        "created_at": call.created_at,
        "updated_at": call.updated_at,
    }
