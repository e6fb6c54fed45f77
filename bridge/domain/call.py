"""The call record: the state of one call and everything that the bridge knows about it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from bridge.domain.stamps import Stamp, Stamps
from bridge.domain.timeline import TimelineEntry


class State(StrEnum):
    """The state of a phone call in the bridge.

    A call that succeeds goes through ``live``, ``ended``, ``recorded``, ``submitted``,
    ``transcribed`` and ``complete``. A call without a recording ends in ``unrecorded``, a call that
    a rule of the operator excludes in ``skipped``, and a call that the bridge stops retrying in
    ``failed``. The documentation shows ``meaning`` and ``waits_for`` of each state, in Markdown.
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
        """Create a state whose value is ``slug``, so that it is compared and stored as a string."""
        member = str.__new__(cls, slug)
        member._value_ = slug
        member.meaning, member.waits_for = meaning, waits_for
        return member


RESTING = frozenset({State.COMPLETE, State.UNRECORDED, State.SKIPPED, State.FAILED})
"""Final states: the bridge does nothing more for the call by itself.

A replay restarts a call in each of these states except ``unrecorded``. A late event can reopen a
call in each of them except ``complete``: see ``bridge.domain.reopen``.
"""


FORMAT = 2
"""The version of the format in which call records are stored.

The version increases when an older worker would misread a new record. A new field alone does not
increase the version, because an older worker keeps fields that it does not know. In format 2 a
stamp holds the position of an event in the inbox. In format 1 it holds a rank of the event's kind.
"""


class Kind(StrEnum):
    """The three kinds of WAVV's events, under the names of WAVV's JavaScript SDK."""

    STARTED = "CallStarted"
    ENDED = "CallEnded"
    RECORDED = "CallRecorded"


class Record(BaseModel):
    """Base class of stored values. Fields that a newer version of the bridge added are kept."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)


class Metadata(Record):
    """The merged fields of all WAVV events of a call. A field that no event had is ``None``.

    Phones are E.164 if they could be parsed, else as they were received. Each e-mail is one
    address. ``seconds`` is the talk time. ``reported_seconds`` is the talk time that WAVV reported,
    if it was longer than the call. ``lead_phone`` is the number of the other party, and
    ``agent_phone`` the number of our line, for inbound and outbound calls alike. ``from_phone`` and
    ``to_phone`` come from events that named no direction.
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
    """The last failed request of a call, with the details that AskElephant's support needs."""

    reason: str
    status: int | None = None
    detail: str | None = None
    request_id: str | None = None
    errors: tuple[dict[str, Any], ...] = ()


class FetchedLink(Record):
    """A link to the recording that was fetched from WAVV's API at the time ``at`` of our clock.

    ``instead_of`` is the link that WAVV's events had named before the fetch. The fetched link is
    used until an event that was sent after ``at`` names a different link. ``expires_at`` is
    ``None`` if WAVV sent no expiry time.
    """

    url: str
    at: datetime
    expires_at: datetime | None = None
    instead_of: str | None = None


class ExtraRecording(Record):
    """A second or further recording of a call: its newest link, and the stamp of that link.

    The recording is submitted by a separate call with the id ``call_id``, or not at all if
    ``call_id`` is ``None``.
    """

    url: str
    stamp: Stamp
    call_id: str | None = None

    def but(self, **changes: Any) -> "ExtraRecording":  # noqa: ANN401 - the fields are of many types
        """Return a copy of the recording with these fields changed."""
        return self.model_copy(update=changes)


class InsightsSummary(Record):
    """The number of fetched insights of each kind, and whether the required kinds were found.

    The insights themselves are stored under another Redis key.
    """

    status: Literal["pending", "all", "some", "none"] = "pending"
    counts: dict[str, int] = Field(default_factory=dict)
    checks: int = 0
    deadline: datetime | None = None


class Call(Record):
    """The record of one call.

    - ``due_at``: when the next step of the call is due, or ``None`` if no step is due.
    - ``heard``: the kinds of WAVV's events that were received.
    - ``dropped``: the participants' fields that AskElephant rejected, such as ``lead_email``. They
      are not sent again until a replay.
    - ``held``: since ``held_since`` the step waits for the end of a hold (a pause of requests to
      AskElephant).
    - ``attempts``: the number of requests that submitted the call. ``polls``: the number of
      requests for its transcript. ``looks``: the number of attempts that found no recording yet.
    - ``failures``: failures of the present step in a row, since ``failing_since``. ``missing`` and
      ``missing_since``: the same for the 404s among these failures. Both times exclude holds.
    - ``waited``: how long the call has waited for holds or workers in its present state.
    - ``request``: the last submission of a call that has failed. A request that is built now may
      differ, because of changed settings and later events.
    - ``rules_overruled``: a replay submits the call although a rule of the operator excludes it.
      The field becomes false when the call enters a resting state.
    - ``recording_of``: the id of the call whose extra recording this call submits.
    - ``refused_events``: the number of authentic events of the call that the bridge rejected.
    - ``version``: a number that the store increases with each save, for compare-and-set. It is 0
      before the first save.
    - ``format``: the ``FORMAT`` of the record. The default must stay 1, because records of format
      1 do not contain the field.
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
        """When the call began, by WAVV's events; else when its first event was received."""
        metadata = self.metadata
        begun = metadata.started_at or metadata.answered_at
        if begun is None and metadata.ended_at is not None:
            begun = metadata.ended_at - timedelta(seconds=metadata.seconds or 0)
        return begun or self.created_at

    def but(self, **changes: Any) -> "Call":  # noqa: ANN401 - the fields are of many types
        """Return a copy of the call with these fields changed."""
        return self.model_copy(update=changes)


def new_call(call_id: str, now: datetime) -> Call:
    """Create the record of a call to which no event was applied yet."""
    return Call(call_id=call_id, created_at=now, updated_at=now, state_since=now)
