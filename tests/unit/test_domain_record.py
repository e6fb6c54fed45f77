"""Tests for the stored record, and for records of other versions of the bridge."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from bridge.domain import events as e
from bridge.domain.call import RESTING, Call, Metadata, State, new_call
from tests.support.domain import AT, ENDED, EVENTS, RECORDED, after, call_in


def written(call: Call) -> dict[str, Any]:
    """Return the record as the store keeps it."""
    stored: dict[str, Any] = json.loads(
        call.model_dump_json(exclude_none=True, exclude_defaults=True)
    )
    return stored


def test_a_new_call_stores_only_its_id_and_its_times() -> None:
    """Defaults are not stored, since millions of calls are kept."""
    assert set(written(new_call("c-1", AT))) == {
        "call_id",
        "created_at",
        "updated_at",
        "state_since",
    }


def test_the_version_is_the_stores_and_not_part_of_the_value() -> None:
    """``version`` is not stored in the record, because the store keeps it for compare-and-set."""
    assert "version" not in written(new_call("c-1", AT).but(version=7))


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("state", State)
def test_fields_of_a_newer_version_survive_an_older_worker(state: State, event: e.Event) -> None:
    """An older worker keeps unknown fields: both versions run during an update."""
    newer = written(call_in(state))
    newer["mood"] = {"of": ["the", "call"]}
    newer.setdefault("metadata", {})["weather"] = "rain"
    newer["timeline"][0] |= {"entries": "seven", "by": "a newer worker"}
    call = after([event, RECORDED, ENDED], Call.model_validate_json(json.dumps(newer)))
    kept = written(call)
    assert kept["mood"] == {"of": ["the", "call"]}
    assert kept["metadata"]["weather"] == "rain"
    assert kept["timeline"][0] == newer["timeline"][0]


def test_a_newer_versions_entry_may_hold_anything_when_the_timeline_is_shortened() -> None:
    """A newer version's entry with a member ``entries`` counts as one when it is dropped."""
    newer = written(call_in(State.RECORDED))
    newer["timeline"] = [{"at": AT.isoformat(), "what": "new", "entries": ["x"]}] * 60
    call = after([ENDED], Call.model_validate(newer))
    assert call.timeline[20].model_dump()["entries"] == 2


def test_a_record_cannot_be_changed_in_place() -> None:
    """Assignment to a field raises, so that every change goes through the state machine."""
    call = new_call("c-1", AT)
    with pytest.raises(ValidationError):
        call.state = State.COMPLETE  # type: ignore[misc]  # the rule under test
    with pytest.raises(ValidationError):
        call.metadata.seconds = 5  # type: ignore[misc]  # the rule under test
    assert call.but(metadata=Metadata(seconds=5)) != call == new_call("c-1", AT)


def test_four_states_rest() -> None:
    """Complete, unrecorded, skipped and failed calls rest."""
    resting = {State.COMPLETE, State.UNRECORDED, State.SKIPPED, State.FAILED}
    assert resting == RESTING


def test_a_stamp_is_the_senders_time_else_ours_and_the_place_in_the_inbox() -> None:
    """A stamp is ``sent_at``, else the time of receipt, with the number of the inbox entry."""
    metadata = Metadata(started_at=AT, ended_at=AT + timedelta(1))
    sent = e.CallHeard("c-1", ENDED.kind, metadata, AT, entry="1778680800123-4")
    place = 1778680800123 * 2**20 + 4
    assert sent.stamp == (AT.timestamp(), place)
    assert replace(sent, sent_at=None).stamp == (1778680800.123, place)
    assert replace(sent, sent_at=None, entry=None).stamp == (0.0, 0)
    assert replace(sent, sent_at=None, entry="x").stamp == (0.0, 0)
