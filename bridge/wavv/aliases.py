"""The JSON keys under which senders of WAVV's events put each field of a call.

The lists hold the keys of the v3 webhooks (camelCase), of the browser SDK's events (``number``,
``duration``), and of CRM workflows, whose keys each customer chooses. The operator can add keys.
Keys are compared by letters and digits only, so ``callId`` here also covers ``call-id``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bridge.wavv.keys import letters

Aliases = Mapping[str, tuple[str, ...]]

ALIASES: Aliases = MappingProxyType(
    {
        "call_id": (
            "callId", "call_id", "call_uuid", "callUuid", "callGuid", "callSid", "callIdentifier",
            "callUniqueId", "uniqueCallId", "wavvCallId", "dialerCallId", "id", "uuid",
        ),
        "sent_at": ("sentAt", "sent_at", "timestamp", "eventTime", "eventTimestamp"),
        "direction": (
            "direction", "callDirection", "call_direction", "callType", "hsCallDirection",
        ),
        "lead_id": ("contactId", "contact_id", "leadId", "customerId", "prospectId"),
        "lead_name": (
            "contactName", "contact_name", "fullName", "full_name", "contactFullName", "leadName",
            "customerName", "prospectName", "displayName",
        ),
        "lead_email": (
            "contactEmail", "contact_email", "email", "emailAddress", "contactEmailAddress",
            "leadEmail", "customerEmail", "prospectEmail",
        ),
        "lead_phone": (
            "phone", "number", "phoneNumber", "phone_number", "contactPhone", "contact_phone",
            "contactPhoneNumber", "contactNumber", "leadPhone", "leadPhoneNumber", "leadNumber",
            "customerPhone", "customerPhoneNumber", "customerNumber", "prospectPhone",
            "prospectNumber", "externalNumber", "externalPhone", "remoteNumber", "mobilePhone",
        ),
        "from_phone": (
            "from", "fromNumber", "fromPhone", "fromPhoneNumber", "callFrom", "caller",
            "callerNumber", "callerPhone", "callerPhoneNumber", "sourceNumber", "hsCallFromNumber",
        ),
        "to_phone": (
            "to", "toNumber", "toPhone", "toPhoneNumber", "callTo", "callee", "calleeNumber",
            "calleePhone", "called", "calledNumber", "calledPhone", "dialedNumber",
            "dialledNumber", "destination", "destinationNumber", "recipientNumber",
            "hsCallToNumber",
        ),
        "agent_id": (
            "userId", "user_id", "agentId", "agent_id", "ghl_user_id", "assignedUserId", "repId",
            "assignedTo", "callerUserId", "dialerUserId", "wavvUserId",
        ),
        "agent_name": (
            "agentName", "agent_name", "userName", "user_name", "userFullName", "repName",
            "agentFullName", "assignedUserName",
        ),
        "agent_email": (
            "agentEmail", "agent_email", "userEmail", "user_email", "repEmail",
            "assignedUserEmail",
        ),
        "agent_phone": (
            "callerId", "caller_id", "wavv_caller_id", "callerIdNumber", "outboundCallerId",
            "agentPhone", "agentNumber", "ourNumber", "lineNumber", "dialerNumber",
            "internalNumber", "internalPhone", "localNumber",
        ),
        "team_id": ("teamId", "team_id"),
        "group_id": ("groupId", "group_id"),
        "campaign_id": ("campaignId", "campaign_id", "dialListId", "listId"),
        "started_at": (
            "startedAt", "started_at", "startTime", "start_time", "callStartTime", "callStartedAt",
            "callStart", "startTimestamp", "callStartTimestamp", "dateStarted", "startDate",
            "startDateTime", "callStartDate", "callStartDateTime", "beganAt", "initiatedAt",
            "dialedAt", "callTime", "callDateTime", "callDate", "callTimestamp",
        ),
        "answered_at": (
            "answeredAt", "answered_at", "call_answered_at_timestamp", "answerTime",
            "callAnsweredAt", "callAnswerTime", "answeredTime", "answerTimestamp",
            "callAnsweredTime", "connectedAt", "connectTime", "callConnectedAt",
            "callConnectDateTime", "callAcceptDateTime", "callConnectTime", "callAcceptTime",
        ),
        "ended_at": (
            "endedAt", "ended_at", "endTime", "end_time", "callEndTime", "callEndedAt", "callEnd",
            "endTimestamp", "callEndTimestamp", "dateEnded", "endDate", "endDateTime",
            "callEndDate", "callEndDateTime", "completedAt", "hangupAt", "hangupTime",
            "finishedAt", "disconnectedAt",
        ),
        "seconds": (
            "seconds", "duration", "callDuration", "call_duration", "durationSeconds",
            "duration_seconds", "call_duration_seconds", "durationSecs", "durationInSeconds",
            "callDurationInSeconds", "callDurationSecs", "durationSec", "callSeconds",
            "callLength", "talkTime", "talkTimeSeconds", "talkSeconds", "talkDuration",
            "billableSeconds", "callTalkTime", "recordingDuration", "durationMs", "callDurationMs",
            "durationMillis", "durationMilliseconds", "durationInMs", "durationInMilliseconds",
            "callDurationMilliseconds", "talkTimeMs", "hsCallDuration",
        ),
        "outcome": (
            "outcome", "callOutcome", "call_outcome", "callStatus", "callResult", "result",
            "hangupCause", "endReason", "hsCallStatus",
        ),
        "disposition": (
            "disposition", "callDisposition", "call_disposition", "dispositionName",
            "callDispositionName", "dispositionLabel",
        ),
        "human": ("human", "isHuman", "is_human", "answeredByHuman"),
        "note": ("note", "callNote", "call_note", "notes", "callNotes", "agentNotes", "comments"),
        "summary": ("summary", "callSummary", "call_summary", "aiSummary", "transcriptSummary"),
        "transcript": (
            "transcript", "callTranscript", "call_transcript", "transcription",
            "callTranscription", "transcriptText", "transcriptionText", "recordingTranscript",
        ),
        "recorded": ("recorded", "isRecorded", "is_recorded", "wasRecorded", "hasRecording"),
        "recording_url": (
            "recordingUrl", "recording_url", "callRecordingUrl", "call_recording_url", "mediaUrl",
            "media_url", "recordingLink", "callRecordingLink", "recordingMediaUrl",
            "recordingFileUrl", "recordingDownloadUrl", "recordingUri", "recordUrl", "audioUrl",
            "audioLink", "audioFileUrl", "recordedUrl", "recordingMp3", "recordingMp3Url",
            "callAudioUrl", "downloadUrl", "recording", "callRecording", "recordingFile",
            "recordingHref", "hsCallRecordingUrl", "recordings", "recordingUrls", "recordingLinks",
            "callRecordings", "url",
        ),
        "call_url": (
            "callUrl", "call_url", "externalUrl", "external_url", "callLink", "callPageUrl",
            "callPage",
        ),
    }
)  # fmt: skip

BARE = frozenset({"id", "uuid", "url", "to", "from", "number", "called", "caller", "result"})
"""Keys that are read only in the call's own object: the ``id`` of an outer object is no call id."""


@dataclass(frozen=True, slots=True)
class KeyTable:
    """The known keys, normalised to lower-case letters and digits, for looking up a received key.

    ``fields`` maps a key to the fields that it may fill, each with its rank. The value of a key in
    ``call_keys`` is a call id in any object. The value of a key in ``bare_call_keys`` is one only
    in the call's own object. ``certain`` is ``call_keys`` as a set.
    """

    fields: Mapping[str, tuple[tuple[str, int], ...]]
    call_keys: tuple[str, ...]
    bare_call_keys: tuple[str, ...]
    certain: frozenset[str]


def key_table(aliases: Aliases) -> KeyTable:
    """Create the look-up table of ``aliases`` (the known keys of each field)."""
    fields: dict[str, tuple[tuple[str, int], ...]] = {}
    for field, keys in aliases.items():
        for rank, key in enumerate(dict.fromkeys(map(letters, keys))):
            fields[key] = (*fields.get(key, ()), (field, rank))
    calls = [*dict.fromkeys(map(letters, aliases["call_id"]))]
    unmistakable = tuple(key for key in calls if key not in BARE)
    bare = tuple(key for key in calls if key in BARE)
    return KeyTable(fields, unmistakable, bare, frozenset(unmistakable))


def with_additions(extra: Mapping[str, Sequence[str]]) -> Aliases:
    """Return ``ALIASES`` with the operator's keys, which precede the known keys of each field.

    Raises ``ValueError`` if ``extra`` names a field that is not in ``ALIASES``.
    """
    unknown = sorted(set(extra) - set(ALIASES))
    if unknown:
        raise ValueError(f"no such field: {', '.join(unknown)} (known: {', '.join(ALIASES)})")
    return MappingProxyType(
        {field: tuple(dict.fromkeys((*extra.get(field, ()), *ALIASES[field]))) for field in ALIASES}
    )
