"""Reasons: documented, named alike everywhere, and stored as plain strings."""

import json
from datetime import UTC, datetime

import pytest

from bridge.domain.call import Call, new_call
from bridge.reasons import Reason
from tests.support.project_files import ROOT

NOW = datetime(2026, 5, 13, tzinfo=UTC)


@pytest.mark.parametrize("reason", Reason)
def test_a_member_is_named_like_its_slug(reason: Reason) -> None:
    """A reader who has the slug finds the member."""
    assert reason.name == reason.upper()


def test_every_reason_is_documented() -> None:
    """The exception is the reason of a capture file: its text has the line and the cause."""
    assert [reason for reason in Reason if not reason.rows] == [Reason.BAD_CAPTURE]


def test_every_reason_is_given_by_the_code() -> None:
    """A reason that no code gives is removed, and so is its row of the documents."""
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "bridge").rglob("*.py"))
    assert [reason for reason in Reason if f"Reason.{reason.name}" not in code] == []


def test_a_reason_is_stored_as_its_slug() -> None:
    """Other versions of the bridge read records."""
    call = new_call("a-call", NOW).but(reason=Reason.TOO_SHORT)
    assert json.loads(call.model_dump_json())["reason"] == "too_short"
    assert Call.model_validate_json(call.model_dump_json()).reason == "too_short"


def test_a_record_may_have_a_reason_of_a_newer_version() -> None:
    """Processes of two versions work on one store during an upgrade."""
    stored = new_call("a-call", NOW).but(reason="of_a_newer_version").model_dump_json()
    assert Call.model_validate_json(stored).reason == "of_a_newer_version"
