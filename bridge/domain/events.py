"""The events that change a call: WAVV's events, and the results of the bridge's own steps.

``machine.advance`` applies an event to a call.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bridge.domain.call import InsightsSummary, Kind, Metadata, Problem
from bridge.domain.stamps import Stamp, place, received_at
from bridge.domain.timeline import EntryKind


@dataclass(frozen=True, slots=True)
class CallHeard:
    """A WAVV event about the call was received. ``metadata`` has the fields of this event only.

    ``sent_at`` is when WAVV sent the event, with a time zone. ``notes`` are slugs of the parser for
    the timeline, and ``details`` further keys of the timeline entry. ``entry`` is the id of the
    event in the inbox. ``assumed`` names the fields that are right only if the call is outbound,
    because the event did not name the direction. ``other_links`` are links to further recordings,
    if the event lists several.
    """

    call_id: str
    kind: Kind
    metadata: Metadata
    sent_at: datetime | None = None
    notes: tuple[str, ...] = ()
    entry: str | None = None
    assumed: frozenset[str] = frozenset()
    details: Mapping[str, Any] = field(default_factory=dict)
    other_links: tuple[str, ...] = ()

    @property
    def stamp(self) -> Stamp:
        """When the event was sent (else when it was received), and its position in the inbox."""
        at = self.sent_at.timestamp() if self.sent_at else received_at(self.entry)
        return (at, place(self.entry))


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The deadline for the call's recording has passed."""


@dataclass(frozen=True, slots=True)
class LinkFetched:
    """WAVV's API returned a fresh link to the recording. The link did not come from an event."""

    url: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordingAwaited:
    """There is no recording to submit yet. The bridge looks for it again at ``at``.

    This does not count as a failure of the call.
    """

    reason: str
    at: datetime
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class SubmissionStarted:
    """The request that submits the call is about to be sent.

    The event is saved before the request is sent, because AskElephant's webhook about the
    engagement can arrive before the response.
    """

    external_id: str
    external_url: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Submitted:
    """AskElephant accepted the submission, and returned the id of the call's engagement.

    ``created`` is true if the request created the engagement (HTTP 201), and false if the
    engagement existed before (HTTP 200):
    https://docs.askelephant.ai/api-reference/engagements/create-engagement
    """

    engagement_id: str
    created: bool
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class OwnerRefused:
    """AskElephant could not resolve the owner. The call is submitted again without an owner."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class FieldsRefused:
    """AskElephant rejected these fields of participants.

    The call is submitted again without these fields.
    """

    fields: tuple[str, ...]
    problem: Problem


@dataclass(frozen=True, slots=True)
class TranscriptReady:
    """The transcript of an engagement is ready.

    ``source`` is ``webhook`` or ``poll``: how the bridge learned that the transcript is ready.
    """

    engagement_id: str
    source: str
    entry: str | None = None


@dataclass(frozen=True, slots=True)
class TranscriptPending:
    """A poll found no transcript yet. The next poll is at ``next_at``.

    This does not count as a failure of the call.
    """

    next_at: datetime


@dataclass(frozen=True, slots=True)
class TranscriptMissing:
    """The last poll before the deadline found no transcript."""


@dataclass(frozen=True, slots=True)
class InsightsRead:
    """Insights were fetched, but may be incomplete. They are fetched again at ``next_at``."""

    summary: InsightsSummary
    next_at: datetime


@dataclass(frozen=True, slots=True)
class InsightsFinal:
    """Insights were fetched for the last time: all were found, or the deadline has passed."""

    summary: InsightsSummary


@dataclass(frozen=True, slots=True)
class Deferred:
    """The step of the call could not be done. It runs again at ``at``.

    If ``held`` is true, the step runs again when the hold (the pause of requests to AskElephant)
    has ended. ``failed`` is true if a request was sent under the hold and failed, which counts as
    a failure of the call. ``missing`` is true if AskElephant returned 404.
    """

    reason: str
    at: datetime
    held: bool = False
    problem: Problem | None = None
    failed: bool = False
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A rule of the operator excludes this call from submission."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The call has failed. Its record is kept, and an operator can replay the call.

    ``request`` is the submission that was rejected, or ``None`` if no submission was sent.
    """

    reason: str
    problem: Problem | None = None
    request: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """An operator replays the call. If ``at`` is given, the call is not submitted before it.

    ``by`` is the name of the operator's API token.
    """

    at: datetime | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class EventRefused:
    """An authentic event of the call was rejected.

    ``name`` and ``kind`` of the event are ``None`` if they could not be read. ``size`` is the size
    of its body in bytes.
    """

    reason: str
    name: str | None
    kind: Kind | None
    size: int
    entry: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Something to note on the timeline that changes nothing else of the call.

    Such as: a user edited the engagement in AskElephant.
    """

    what: EntryKind
    entry: str | None = None


Event = (
    CallHeard
    | DeadlinePassed
    | LinkFetched
    | RecordingAwaited
    | SubmissionStarted
    | Submitted
    | OwnerRefused
    | FieldsRefused
    | TranscriptReady
    | TranscriptPending
    | TranscriptMissing
    | InsightsRead
    | InsightsFinal
    | Deferred
    | Skipped
    | Failed
    | Replayed
    | EventRefused
    | Noted
)
