"""Under which keys the senders of WAVV's events put each field, as data.

The keys are those of the v3 webhooks (camelCase), of the browser SDK's events (``number``,
``duration``), and of CRM workflows, whose keys each customer chooses. The operator can add more.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

Aliases = Mapping[str, tuple[str, ...]]

ALIASES: Aliases = MappingProxyType(
    {
        "call_id": ("id", "callId", "call_id", "uuid"),
        "sent_at": ("sentAt", "sent_at", "timestamp"),
        "direction": ("direction", "callDirection", "call_direction"),
        "lead_id": ("contactId", "contact_id"),
        "lead_name": ("contactName", "contact_name", "fullName", "full_name"),
        "lead_email": ("contactEmail", "contact_email", "email"),
        "lead_phone": (
            "phone",
            "number",
            "to",
            "phoneNumber",
            "phone_number",
            "contactPhone",
            "contact_phone",
        ),
        "agent_id": ("userId", "user_id", "agentId", "agent_id", "ghl_user_id"),
        "agent_name": ("agentName", "agent_name", "userName", "user_name"),
        "agent_email": ("agentEmail", "agent_email", "userEmail", "user_email"),
        "agent_phone": ("callerId", "caller_id", "wavv_caller_id"),
        "team_id": ("teamId", "team_id"),
        "group_id": ("groupId", "group_id"),
        "campaign_id": ("campaignId", "campaign_id"),
        "started_at": ("startedAt", "started_at", "startTime", "start_time"),
        "answered_at": ("answeredAt", "answered_at", "call_answered_at_timestamp"),
        "ended_at": ("endedAt", "ended_at", "endTime", "end_time"),
        "seconds": (
            "seconds",
            "duration",
            "callDuration",
            "call_duration",
            "durationSeconds",
            "duration_seconds",
            "call_duration_seconds",
        ),
        "outcome": ("outcome", "callOutcome", "call_outcome"),
        "disposition": ("disposition", "callDisposition", "call_disposition"),
        "human": ("human", "isHuman", "is_human"),
        "note": ("note", "callNote", "call_note"),
        "summary": ("summary", "callSummary", "call_summary"),
        "transcript": ("transcript", "callTranscript", "call_transcript"),
        "recorded": ("recorded", "isRecorded", "is_recorded"),
        "recording_url": (
            "recordingUrl",
            "recording_url",
            "callRecordingUrl",
            "call_recording_url",
            "mediaUrl",
            "media_url",
            "url",
        ),
        "call_url": ("callUrl", "call_url", "externalUrl", "external_url"),
    }
)

BARE = frozenset({"id", "uuid", "url", "to", "number"})
"""Words that mean the call's own only inside the call's object: an envelope has an ``id`` too."""


def with_additions(extra: Mapping[str, Sequence[str]]) -> Aliases:
    """Return the table with the operator's keys, which come first: they know their sender.

    Raises ``ValueError`` for a field that is not in the table.
    """
    unknown = sorted(set(extra) - set(ALIASES))
    if unknown:
        raise ValueError(f"no such field: {', '.join(unknown)} (known: {', '.join(ALIASES)})")
    return MappingProxyType(
        {field: tuple(dict.fromkeys((*extra.get(field, ()), *ALIASES[field]))) for field in ALIASES}
    )
