"""The call record: everything the bridge knows of one call, and where it stands."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bridge.domain.stamps import Stamp, Stamps
from bridge.domain.timeline import TimelineEntry


class State(StrEnum):
    """Where a call is. The way through is ``live → ended → recorded → … → complete``."""

    LIVE = "live"
    ENDED = "ended"
    RECORDED = "recorded"
    SUBMITTED = "submitted"
    TRANSCRIBED = "transcribed"
    COMPLETE = "complete"
    UNRECORDED = "unrecorded"
    SKIPPED = "skipped"
    FAILED = "failed"


RESTING = frozenset({State.COMPLETE, State.UNRECORDED, State.SKIPPED, State.FAILED})
"""States that need nothing more. A replay leaves all but ``unrecorded``.

Late news brings a call on from all but ``complete`` (``bridge.domain.reopen``).
"""


FORMAT = 2
"""Raised when a record's meaning or shape changes so that an older worker would get it wrong.

A new field alone does not: an older worker keeps it, and does without. Format 2 has places of the
inbox in its stamps where format 1 has a rank of the event's kind.
"""


class Kind(StrEnum):
    """The three things WAVV says of a call, under the names of its JavaScript SDK."""

    STARTED = "CallStarted"
    ENDED = "CallEnded"
    RECORDED = "CallRecorded"


class Record(BaseModel):
    """A stored value. Fields of a newer version of the bridge survive an older worker."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)


class Metadata(Record):
    """What WAVV said of the call, merged over all its events; ``None`` = never said.

    Phones are E.164 where they could be parsed, else as they came. Each e-mail is one
    address. ``seconds`` is talk time. ``reported_seconds`` is the reported talk time if that was
    longer than the call. ``lead_phone`` is the other party whatever the direction, ``agent_phone``
    our own line. ``from_phone`` and ``to_phone`` come from events that named no direction.
    """

    direction: str | None = None
    lead_id: str | None = None
    lead_name: str | None = None
    lead_email: str | None = None
    lead_phone: str | None = None
    agent_id: str | None = None
    agent_name: str | None = None
    agent_email: str | None = None
    agent_phone: str | None = None
    from_phone: str | None = None
    to_phone: str | None = None
    team_id: str | None = None
    group_id: str | None = None
    campaign_id: str | None = None
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: int | None = None
    reported_seconds: int | None = None
    outcome: str | None = None
    disposition: str | None = None
    human: bool | None = None
    note: str | None = None
    summary: str | None = None
    transcript: str | None = None
    recorded: bool | None = None
    recording_url: str | None = None
    call_url: str | None = None


class Problem(Record):
    """The last refusal or failure, as support will ask for it."""

    reason: str
    status: int | None = None
    detail: str | None = None
    request_id: str | None = None
    errors: tuple[dict[str, Any], ...] = ()


class FetchedLink(Record):
    """A link to the recording that was fetched from WAVV at ``at``, by our clock.

    ``instead_of`` is the link that WAVV's events had told of by then: only another one, said later
    than ``at``, is fresher. ``expires_at`` is WAVV's word; ``None`` = it did not tell.
    """

    url: str
    at: datetime
    expires_at: datetime | None = None
    instead_of: str | None = None


class ExtraRecording(Record):
    """Another recording of the call: its newest link and that link's stamp.

    ``call_id`` is the call that submits it; ``None`` = it is only noted.
    """

    url: str
    stamp: Stamp
    call_id: str | None = None

    def but(self, **changes: Any) -> "ExtraRecording":  # noqa: ANN401 - the fields are of many types
        """Return the same recording with these fields changed."""
        return self.model_copy(update=changes)


class InsightsSummary(Record):
    """Which insights came. The insights themselves are stored beside the record."""

    status: Literal["pending", "all", "some", "none"] = "pending"
    counts: dict[str, int] = Field(default_factory=dict)
    checks: int = 0
    deadline: datetime | None = None


class Call(Record):
    """One call. ``due_at`` is when it next needs something; ``None`` = nothing.

    ``dropped`` names the participants' fields that AskElephant rejected, such as ``lead_email``:
    they are not sent again until a replay.

    ``held`` = its step waits for a hold to end, since ``held_since``. ``attempts`` counts the
    requests that submitted it, ``polls`` those that asked for its transcript, ``looks`` those for a
    recording that was not there, ``failures`` the failures in a row of its present step,
    ``failing_since`` when they began, ``missing`` and ``missing_since`` the same of the 404s among
    them. Time under a hold is taken out of both clocks; ``waited`` is that time in the present
    state. ``request`` is what was sent when a submission failed for good: settings and later events
    may have changed what would be sent now. ``rules_overruled`` = a replay submits it whatever the
    operator's rules say; it is unset when the call rests again. ``recording_of`` is the call
    whose extra recording this one submits. ``refused_events`` counts the authentic events of the
    call that were refused. ``version`` is the store's, for compare-and-set: 0 = never saved.
    ``format`` is the ``FORMAT`` it was written in; it must keep its default, for the first one is
    not written.
    """

    call_id: str
    state: State = State.LIVE
    reason: str | None = None
    metadata: Metadata = Field(default_factory=Metadata)
    stamps: Stamps = Field(default_factory=dict)
    heard: tuple[Kind, ...] = ()
    fetched_link: FetchedLink | None = None
    extra_recordings: tuple[ExtraRecording, ...] = ()
    recording_of: str | None = None
    external_id: str | None = None
    external_url: str | None = None
    engagement_id: str | None = None
    engagement_created: bool | None = None
    transcript_engagement_id: str | None = None
    owner_refused: bool = False
    dropped: tuple[str, ...] = ()
    rules_overruled: bool = False
    refused_events: int = 0
    insights: InsightsSummary = Field(default_factory=InsightsSummary)
    attempts: int = 0
    polls: int = 0
    looks: int = 0
    failures: int = 0
    failing_since: datetime | None = None
    missing: int = 0
    missing_since: datetime | None = None
    problem: Problem | None = None
    request: dict[str, Any] | None = None
    held: bool = False
    held_since: datetime | None = None
    waited: timedelta = timedelta(0)
    due_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    state_since: datetime
    timeline: tuple[TimelineEntry, ...] = ()
    format: int = 1
    version: int = Field(default=0, exclude=True)

    @property
    def began_at(self) -> datetime:
        """When it began by what was said of it; else when it was first heard of."""
        said = self.metadata
        begun = said.started_at or said.answered_at
        if begun is None and said.ended_at is not None:
            begun = said.ended_at - timedelta(seconds=said.seconds or 0)
        return begun or self.created_at

    def but(self, **changes: Any) -> "Call":  # noqa: ANN401 - the fields are of many types
        """Return the same call with these fields changed."""
        return self.model_copy(update=changes)


def new_call(call_id: str, now: datetime) -> Call:
    """Return the record of a call of which nothing has been heard yet."""
    return Call(call_id=call_id, created_at=now, updated_at=now, state_since=now)
