"""What can happen to a call. ``machine.advance`` says what each does in each state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bridge.domain.call import InsightsSummary, Kind, Metadata, Problem
from bridge.domain.stamps import Stamp, place, received_at

UNKNOWN = "event.unknown"
"""The timeline entry (``Noted``) of an event that names a known call but is none of WAVV's three.

Such an event has another name, or none.
"""


@dataclass(frozen=True, slots=True)
class CallHeard:
    """WAVV said something of the call. ``metadata`` holds only what this event carried.

    ``sent_at`` is the sender's time, with a zone of its own. ``notes`` are slugs of what the parser
    saw, ``details`` what the timeline shows beside them; ``entry`` is the event's place in the
    inbox. Fields in ``assumed`` are right only if the call is outbound, which the event left open.
    ``other_links`` lead to further recordings, of an event that lists several.
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
        """The event's time (by the sender's clock, else when it was received) and place."""
        at = self.sent_at.timestamp() if self.sent_at else received_at(self.entry)
        return (at, place(self.entry))


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """No recording came in time."""


@dataclass(frozen=True, slots=True)
class LinkFetched:
    """WAVV's API gave a fresh link to the recording. It is none of the words of its events."""

    url: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordingAwaited:
    """There is no recording to submit yet: look again at ``at``. No failure of AskElephant's."""

    reason: str
    at: datetime
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class SubmissionStarted:
    """A request to AskElephant is about to leave. Saved first: its webhook may be faster."""

    external_id: str
    external_url: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Submitted:
    """AskElephant holds the call; ``created`` is false when it already did (HTTP 200)."""

    engagement_id: str
    created: bool
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class OwnerRefused:
    """AskElephant could not resolve the owner: submit again without one."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class FieldsRefused:
    """AskElephant rejected these fields of participants: the call is submitted without them."""

    fields: tuple[str, ...]
    problem: Problem


@dataclass(frozen=True, slots=True)
class TranscriptReady:
    """The transcript is there, by AskElephant's webhook or by our own asking (``source``)."""

    engagement_id: str
    source: str
    entry: str | None = None


@dataclass(frozen=True, slots=True)
class TranscriptPending:
    """We asked, and there is no transcript yet: again at ``next_at``. No failure of anybody's."""

    next_at: datetime


@dataclass(frozen=True, slots=True)
class TranscriptMissing:
    """We asked for the last time, and there is no transcript."""


@dataclass(frozen=True, slots=True)
class InsightsRead:
    """A fetch brought something or nothing, and more may come at ``next_at``."""

    summary: InsightsSummary
    next_at: datetime


@dataclass(frozen=True, slots=True)
class InsightsFinal:
    """A fetch brought all that is wanted, or the deadline says that it is all there will be."""

    summary: InsightsSummary


@dataclass(frozen=True, slots=True)
class Deferred:
    """The step could not be done now: it runs again at ``at``.

    ``held`` = it runs when the hold has ended. ``failed`` = a request was sent under the hold and
    failed, which counts as a failure. ``missing`` = AskElephant does not know the engagement.
    """

    reason: str
    at: datetime
    held: bool = False
    problem: Problem | None = None
    failed: bool = False
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """An operator's rule keeps this call from being submitted."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """No further attempt makes sense. Kept whole, and replayable.

    ``request`` is what was sent and brought this about; ``None`` = nothing was sent to submit it.
    """

    reason: str
    problem: Problem | None = None
    request: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """An operator sends the call through again; at a pace not before ``at``."""

    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventRefused:
    """An authentic event of the call was refused.

    ``name`` and ``kind`` are the event's, if they could be read; ``size`` is its body's, in bytes.
    """

    reason: str
    name: str | None
    kind: Kind | None
    size: int
    entry: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Something worth knowing that changes nothing, such as an engagement edited by hand."""

    what: str
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
