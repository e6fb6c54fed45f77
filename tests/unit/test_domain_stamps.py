"""Tests for stored stamps: fields with the same stamp are stored in one group."""

import json

from bridge.domain.call import Call, new_call
from tests.support.domain import AT

STAMPS = {"lead_name": (5.0, 1), "seconds": (7.5, 2), "lead_phone": (5.0, 1)}


def test_fields_of_one_stamp_are_stored_in_one_group() -> None:
    """Fields with the same stamp share one stored row."""
    document = json.loads(
        new_call("c-1", AT).but(stamps=STAMPS).model_dump_json(exclude_defaults=True)
    )
    assert document["stamps"] == [[5.0, 1, "lead_name lead_phone"], [7.5, 2, "seconds"]]


def test_stored_stamps_are_read_for_each_field() -> None:
    """Reading a stored record restores one stamp for each field."""
    call = new_call("c-1", AT).but(stamps=STAMPS)
    assert Call.model_validate_json(call.model_dump_json()).stamps == STAMPS


def test_stamps_of_older_records_are_read() -> None:
    """A record of the older format, with one stamp for each field, is read."""
    document = json.loads(new_call("c-1", AT).model_dump_json()) | {
        "stamps": {"lead_name": [5.0, 1]}
    }
    assert Call.model_validate_json(json.dumps(document)).stamps == {"lead_name": (5.0, 1)}
