"""The events that can happen to a call. ``machine.advance`` applies them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bridge.domain.call import InsightsSummary, Kind, Metadata, Problem
from bridge.domain.stamps import Stamp, place, received_at
from bridge.domain.timeline import EntryKind

"""The timeline entry of a WAVV event that names a known call but is of no known kind."""


@dataclass(frozen=True, slots=True)
class CallHeard:
    """An event of WAVV's about the call was received. ``metadata`` has this event's fields only.

    ``sent_at`` is the sender's time, with a time zone. ``notes`` are the parser's slugs for the
    timeline, ``details`` further keys for it. ``entry`` is the event's id in the inbox. The fields
    in ``assumed`` are right only if the call is outbound; the event did not name its direction.
    ``other_links`` are links to further recordings, from an event that lists several.
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
        """The event's time (the sender's, else when it was received) and position in the inbox."""
        at = self.sent_at.timestamp() if self.sent_at else received_at(self.entry)
        return (at, place(self.entry))


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The deadline for the call's recording has passed."""


@dataclass(frozen=True, slots=True)
class LinkFetched:
    """WAVV's API returned a fresh link to the recording. It is not part of WAVV's events."""

    url: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordingAwaited:
    """There is no recording to submit yet: look again at ``at``. This is not a failure."""

    reason: str
    at: datetime
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class SubmissionStarted:
    """A submission is about to be sent.

    This is saved before the request, because AskElephant's webhook can arrive before its response.
    """

    external_id: str
    external_url: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Submitted:
    """AskElephant has an engagement for the call; ``created`` false = it existed before (HTTP 200).

    https://docs.askelephant.ai/api-reference/engagements/create-engagement
    """

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
    """The transcript is ready. ``source`` is ``webhook`` or ``poll``."""

    engagement_id: str
    source: str
    entry: str | None = None


@dataclass(frozen=True, slots=True)
class TranscriptPending:
    """A poll found no transcript yet; the next poll is at ``next_at``. This is not a failure."""

    next_at: datetime


@dataclass(frozen=True, slots=True)
class TranscriptMissing:
    """The last poll found no transcript."""


@dataclass(frozen=True, slots=True)
class InsightsRead:
    """Insights were fetched and may be incomplete: they are fetched again at ``next_at``."""

    summary: InsightsSummary
    next_at: datetime


@dataclass(frozen=True, slots=True)
class InsightsFinal:
    """Insights were fetched for the last time: they are complete, or their deadline has passed."""

    summary: InsightsSummary


@dataclass(frozen=True, slots=True)
class Deferred:
    """The step could not be done now: it runs again at ``at``.

    ``held`` = it runs when the hold has ended. ``failed`` = a request was sent under the hold and
    failed, which counts as a failure. ``missing`` = AskElephant returned a 404.
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
    """The call is given up. Its record is kept, and it can be replayed.

    ``request`` is the rejected submission; ``None`` = no submission was sent.
    """

    reason: str
    problem: Problem | None = None
    request: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """An operator replays the call. It is not submitted before ``at``, if that is given."""

    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventRefused:
    """An authentic event of the call was refused.

    ``name`` and ``kind`` are the event's, if they could be read; ``size`` is its body's in bytes.
    """

    reason: str
    name: str | None
    kind: Kind | None
    size: int
    entry: str


@dataclass(frozen=True, slots=True)
class Noted:
    """A timeline entry without an effect, such as that a user edited the engagement."""

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
