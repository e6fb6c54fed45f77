"""Stamps as they are stored: fields that were said together stand together."""

import json

from bridge.domain.call import Call, new_call
from tests.support.domain import AT

STAMPS = {"lead_name": (5.0, 1), "seconds": (7.5, 2), "lead_phone": (5.0, 1)}


def test_fields_of_one_stamp_are_stored_together() -> None:
    """A stamp for each name was a third of a record."""
    document = json.loads(
        new_call("c-1", AT).but(stamps=STAMPS).model_dump_json(exclude_defaults=True)
    )
    assert document["stamps"] == [[5.0, 1, "lead_name lead_phone"], [7.5, 2, "seconds"]]


def test_what_is_stored_is_read_as_it_was() -> None:
    """Each field has its own stamp again."""
    call = new_call("c-1", AT).but(stamps=STAMPS)
    assert Call.model_validate_json(call.model_dump_json()).stamps == STAMPS


def test_records_of_before_are_read_too() -> None:
    """They have a stamp for each name."""
    document = json.loads(new_call("c-1", AT).model_dump_json()) | {
        "stamps": {"lead_name": [5.0, 1]}
    }
    assert Call.model_validate_json(json.dumps(document)).stamps == {"lead_name": (5.0, 1)}
