"""The timeline of a call: what happened to the call, in order, in at most 60 entries."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

KEPT_FIRST = 20
KEPT_LAST = 39


class EntryKind(StrEnum):
    """The kinds of timeline entries, except WAVV's events, which have the names of ``Kind``.

    The documentation shows ``meaning`` of each kind, in Markdown.
    """

    meaning: str

    RECORDING_NOT_MADE = (
        "recording.not_made",
        "the recording deadline passed, and WAVV announced no recording",
    )
    RECORDING_NOT_RECEIVED = (
        "recording.not_received",
        "the recording deadline passed, WAVV announced a recording, and no link to it came",
    )
    RECORDING_OVERDUE = (
        "recording.overdue",
        (
            "`call.recorded` did not arrive; the link on the record is submitted, or a link is "
            "fetched from WAVV's API"
        ),
    )
    RECORDING_AWAITED = (
        "recording.awaited",
        (
            "there is no link, or AskElephant could not fetch the recording; the next attempt is "
            "at `until`"
        ),
    )
    RECORDING_ANOTHER = (
        "recording.another",
        (
            "WAVV sent another recording of the call (`link`, without its signature), such as "
            "the second file of a transfer; `extra_recordings` lists all of them"
        ),
    )
    RECORDING_SEPARATED = (
        "recording.separated",
        (
            "another recording is submitted by the separate call `call_id`; on that call's "
            "timeline, `of` is the id of this call"
        ),
    )
    RECORDING_REFETCHED = (
        "recording.refetched",
        "WAVV's API returned a fresh link, and its `expires_at`",
    )
    SUBMISSION_STARTED = (
        "submission.started",
        "a request is about to be sent; `notes` lists the fields that it omits",
    )
    ENGAGEMENT_CREATED = "engagement.created", "AskElephant returned 201 to the submission"
    ENGAGEMENT_EXISTED = (
        "engagement.existed",
        "AskElephant returned 200: the engagement existed before",
    )
    OWNER_REFUSED = (
        "owner.refused",
        "AskElephant rejected the owner; the call is submitted again without one",
    )
    PARTICIPANT_REFUSED = (
        "participant.refused",
        (
            "AskElephant rejected these `fields` of agent or lead; the call is submitted again "
            "without them"
        ),
    )
    TRANSCRIPT_READY = "transcript.ready", "`source` is `webhook` or `poll`"
    TRANSCRIPT_PENDING = (
        "transcript.pending",
        "a poll found no transcript; the next poll is at `next_at`",
    )
    INSIGHTS_READ = "insights.read", "a fetch of the insights, with its result"
    INSIGHTS_FINAL = "insights.final", "the last fetch of the insights, with its result"
    STEP_DEFERRED = "step.deferred", "a request failed; the next attempt is at `until`"
    STEP_HELD = (
        "step.held",
        "the call waits for the end of a hold, or for the rate limit; written once per hold",
    )
    CALL_SKIPPED = "call.skipped", "a rule skipped the call for `reason`"
    CALL_FAILED = "call.failed", "the call failed for `reason`"
    CALL_REPLAYED = (
        "call.replayed",
        "an operator replayed the call; `by` is the name of the API token",
    )
    CALL_REOPENED = (
        "call.reopened",
        (
            "an event continued the call, which rested in the state `was` with `reason`: a late "
            "link or transcript, or fields that no skip rule matches"
        ),
    )
    RULE_OVERRULED = (
        "rule.overruled",
        "the replay submits the call although a rule would skip it with `reason`",
    )
    ENGAGEMENT_UPDATED = "engagement.updated", "a user changed the engagement in AskElephant"
    ENGAGEMENT_DELETED = "engagement.deleted", "a user deleted the engagement in AskElephant"
    EVENT_REFUSED = (
        "event.refused",
        (
            "an authentic event of the call was rejected: `reason`, its name and size; see "
            "[events that are not stored](#events-that-are-not-stored)"
        ),
    )
    EVENT_UNKNOWN = (
        "event.unknown",
        (
            "an event of the call that is none of WAVV's three, or has no name; `entry` is its "
            "id in the inbox"
        ),
    )
    EVENT_IGNORED = (
        "event.ignored",
        "an event that does not apply in this state; `entry` is its id in the inbox",
    )
    TIMELINE_SHORTENED = "timeline.shortened", "the number of removed entries"

    def __new__(cls, slug: str, meaning: str) -> Self:
        """Create a kind whose value is ``slug``, so that it is compared and stored as a string."""
        member = str.__new__(cls, slug)
        member._value_ = slug
        member.meaning = meaning
        return member


class TimelineEntry(BaseModel):
    """One entry of the timeline. ``what`` is the slug of its kind, and other keys are details."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    at: datetime
    what: str


def extend(
    timeline: tuple[TimelineEntry, ...],
    at: datetime,
    what: str,
    **details: Any,  # noqa: ANN401 - details are any JSON
) -> tuple[TimelineEntry, ...]:
    """Return the timeline with an added entry. Details with ``None`` are omitted.

    If there are more than 60 entries, those in the middle are replaced by one entry that counts the
    removed ones.
    """
    known = {key: value for key, value in details.items() if value is not None}
    grown = (*timeline, TimelineEntry(at=at, what=what, **known))
    if len(grown) <= KEPT_FIRST + 1 + KEPT_LAST:
        return grown
    gap, last = grown[KEPT_FIRST:-KEPT_LAST], grown[-KEPT_LAST:]
    replaced = sum(
        (entry.model_extra or {}).get("entries", 1)
        if entry.what == EntryKind.TIMELINE_SHORTENED
        else 1
        for entry in gap
    )
    marker = TimelineEntry(at=gap[-1].at, what=EntryKind.TIMELINE_SHORTENED, entries=replaced)
    return (*grown[:KEPT_FIRST], marker, *last)
