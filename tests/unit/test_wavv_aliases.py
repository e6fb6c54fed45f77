"""Tests for the keys under which each field of an event is read."""

import pytest

from bridge.domain.call import Metadata
from bridge.wavv.aliases import ALIASES, with_additions

CONTRACT = {
    "call_id": "callId call_id call_uuid id uuid",
    "seconds": "seconds duration call_duration duration_seconds call_duration_seconds",
    "recording_url": "recordingUrl recording_url call_recording_url media_url url",
    "lead_phone": "phone number phone_number contact_phone",
    "from_phone": "from",
    "to_phone": "to",
    "lead_name": "contactName contact_name full_name",
    "lead_email": "contactEmail contact_email email",
    "lead_id": "contactId contact_id",
    "agent_id": "userId user_id agent_id ghl_user_id",
    "agent_name": "agentName agent_name user_name",
    "agent_email": "agentEmail agent_email user_email",
    "agent_phone": "callerId caller_id wavv_caller_id",
    "started_at": "startedAt started_at start_time",
    "answered_at": "answeredAt answered_at call_answered_at_timestamp",
    "ended_at": "endedAt ended_at end_time",
    "call_url": "callUrl call_url externalUrl external_url",
    "direction": "direction",
    "team_id": "teamId",
    "group_id": "groupId",
    "campaign_id": "campaignId",
    "sent_at": "sentAt",
}


def test_the_table_names_every_field_of_the_metadata() -> None:
    """Every metadata field has keys, and every entry of the table names a field."""
    read = set(Metadata.model_fields) - {"reported_seconds"}
    assert set(ALIASES) == {*read, "call_id", "sent_at"}


@pytest.mark.parametrize(("field", "keys"), CONTRACT.items())
def test_the_contracts_keys_are_known_in_its_order(field: str, keys: str) -> None:
    """The keys of WAVV's contract are read in its order: the first value that is set wins."""
    known = [key for key in ALIASES[field] if key in keys.split()]
    assert known == keys.split()


def test_a_recording_id_is_no_call_id() -> None:
    """``recordingId`` of the browser SDK's ``CallRecorded`` is not read as a call id."""
    assert "recordingId" not in ALIASES["call_id"]


def test_the_operators_keys_come_first_and_leave_the_others() -> None:
    """Keys that the operator adds precede the known keys of that field."""
    table = with_additions({"recording_url": ["audio", "url"]})
    assert table["recording_url"][:3] == ("audio", "url", "recordingUrl")
    assert sorted(table["recording_url"]) == sorted({*ALIASES["recording_url"], "audio"})
    assert table["call_id"] == ALIASES["call_id"]


def test_a_field_that_does_not_exist_is_refused_by_name() -> None:
    """An unknown field raises ``ValueError``, so that a typo in the settings is noticed."""
    with pytest.raises(ValueError, match=r"recordng_url.*known: .*recording_url"):
        with_additions({"recordng_url": ["audio"]})
