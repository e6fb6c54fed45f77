"""The call record: the state of one call and everything that the bridge knows about it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from bridge.domain.stamps import Stamp, Stamps
from bridge.domain.timeline import TimelineEntry


class State(StrEnum):
    """The state of a call.

    A call that succeeds goes through ``live``, ``ended``, ``recorded``, ``submitted``,
    ``transcribed`` and ``complete``. A call without a recording ends in ``unrecorded``, a call that
    a rule excludes in ``skipped``, and a call that is given up in ``failed``. ``meaning``
    and ``waits_for`` document a state, in Markdown.
    """

    meaning: str
    waits_for: str

    LIVE = "live", "has started", "its end or its recording"
    ENDED = "ended", "has ended", "its recording"
    RECORDED = "recorded", "has a recording, or WAVV announced one", "its submission"
    SUBMITTED = "submitted", "is an engagement in AskElephant", "its transcript"
    TRANSCRIBED = (
        "transcribed",
        "has a transcript",
        "its insights: all that are required, or the deadline",
    )
    COMPLETE = "complete", "is done; `insights.status` is `all`, `some` or `none`", ""
    UNRECORDED = (
        "unrecorded",
        "had no recording before the deadline, as most dials",
        "nothing; a late recording continues it",
    )
    SKIPPED = (
        "skipped",
        "matches a rule in your settings, and is not submitted",
        "a replay, which overrules the rule, or an event after which no rule matches",
    )
    FAILED = (
        "failed",
        "needs an operator; all of its data is kept",
        "a replay, a late link or a late transcript",
    )

    def __new__(cls, slug: str, meaning: str, waits_for: str) -> Self:
        """Make the slug the value, so that it is compared and stored as a string."""
        member = str.__new__(cls, slug)
        member._value_ = slug
        member.meaning, member.waits_for = meaning, waits_for
        return member


RESTING = frozenset({State.COMPLETE, State.UNRECORDED, State.SKIPPED, State.FAILED})
"""States in which a call has no next step.

A replay restarts a call in any of them but ``unrecorded``. A late event can reopen a call in any of
them but ``complete``: see ``bridge.domain.reopen``.
"""


FORMAT = 2
"""The version of the record's format.

It increases when an older worker would misread a new record. A new field alone does not increase
it, because an older worker keeps fields that it does not know. In format 2 a stamp holds the
event's position in the inbox, where format 1 holds a rank of the event's kind.
"""


class Kind(StrEnum):
    """The three kinds of WAVV's events, under the names of WAVV's JavaScript SDK."""

    STARTED = "CallStarted"
    ENDED = "CallEnded"
    RECORDED = "CallRecorded"


class Record(BaseModel):
    """A stored value. It keeps fields that a newer version of the bridge has added."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)


class Metadata(Record):
    """The fields of all WAVV events of the call, merged; ``None`` = no event had the field.

    Phones are E.164 if they could be parsed, else as they were received. Each e-mail is one
    address. ``seconds`` is talk time. ``reported_seconds`` is the reported talk time if that was
    longer than the call. ``lead_phone`` is the other party's number and ``agent_phone`` our line's,
    in both directions. ``from_phone`` and ``to_phone`` come from events that named no direction.
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
    """The last failed request of a call, with what AskElephant's support needs to find it."""

    reason: str
    status: int | None = None
    detail: str | None = None
    request_id: str | None = None
    errors: tuple[dict[str, Any], ...] = ()


class FetchedLink(Record):
    """A link to the recording that was fetched from WAVV's API at ``at``, by our clock.

    ``instead_of`` is the link that WAVV's events had named by then. Only a different link from an
    event later than ``at`` is newer. ``expires_at`` comes from WAVV; ``None`` = WAVV did not send
    it.
    """

    url: str
    at: datetime
    expires_at: datetime | None = None
    instead_of: str | None = None


class ExtraRecording(Record):
    """A second or further recording of a call: its newest link and the stamp of that link.

    ``call_id`` is the id of the call that submits it; ``None`` = it is not submitted.
    """

    url: str
    stamp: Stamp
    call_id: str | None = None

    def but(self, **changes: Any) -> "ExtraRecording":  # noqa: ANN401 - the fields are of many types
        """Return the same recording with these fields changed."""
        return self.model_copy(update=changes)


class InsightsSummary(Record):
    """The number of fetched insights of each kind, and whether the required ones were found.

    The insights themselves are stored under a separate key.
    """

    status: Literal["pending", "all", "some", "none"] = "pending"
    counts: dict[str, int] = Field(default_factory=dict)
    checks: int = 0
    deadline: datetime | None = None


class Call(Record):
    """The record of one call.

    - ``due_at``: when the call's next step is due; ``None`` = no step is due.
    - ``heard``: the kinds of WAVV's events that were received.
    - ``dropped``: the participants' fields that AskElephant rejected, such as ``lead_email``. They
      are not sent again until a replay.
    - ``held``: the step waits for a hold to end, since ``held_since``.
    - ``attempts``: requests that submitted the call. ``polls``: requests for its transcript.
      ``looks``: requests for a recording that did not exist yet.
    - ``failures``: failures of the present step in a row, since ``failing_since``. ``missing`` and
      ``missing_since``: the same for the 404s among them. Both times exclude waits for a hold.
    - ``waited``: how long the call has waited for holds or workers in its present state.
    - ``request``: the last request of a submission that failed for good. Settings and later events
      may have changed what would be sent now.
    - ``rules_overruled``: a replay submits the call although a rule of the operator excludes it. It
      is unset when the call enters a resting state.
    - ``recording_of``: the id of the call whose extra recording this call submits.
    - ``refused_events``: the number of authentic events of the call that were refused.
    - ``version``: the store's number for compare-and-set; 0 = never saved.
    - ``format``: the ``FORMAT`` of the record. Its default must stay 1, because format 1 is not
      written to the record.
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
        """When the call began by WAVV's events, else when its first event was received."""
        metadata = self.metadata
        begun = metadata.started_at or metadata.answered_at
        if begun is None and metadata.ended_at is not None:
            begun = metadata.ended_at - timedelta(seconds=metadata.seconds or 0)
        return begun or self.created_at

    def but(self, **changes: Any) -> "Call":  # noqa: ANN401 - the fields are of many types
        """Return the same call with these fields changed."""
        return self.model_copy(update=changes)


def new_call(call_id: str, now: datetime) -> Call:
    """Return the record of a call before any event was applied to it."""
    return Call(call_id=call_id, created_at=now, updated_at=now, state_since=now)
