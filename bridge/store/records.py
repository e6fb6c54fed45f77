"""Reads stored calls and insights, and detects damaged records and those of newer versions."""

import json
from typing import Any

import structlog
from pydantic import ValidationError
from redis.exceptions import ResponseError

from bridge.domain.call import FORMAT, Call
from bridge.errors import DamagedRecordError, NewerRecordError

EVERY_RECORDS_TIMES = ("created_at", "updated_at", "state_since")

log = structlog.get_logger(__name__)


def read_insights(call_id: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - what Redis returned
    """Return the insights of a call that are stored as ``value``, a JSON object.

    Returns ``{}`` for a damaged document, because the next fetch of insights replaces it.
    """
    try:
        insights = json.loads(value) if value else {}
    except (TypeError, ValueError):
        insights = None
    if not isinstance(insights, dict):
        log.error(
            "insights.damaged",
            call_id=call_id,
            detail="The stored insights of the call cannot be read. If the call waits for "
            "insights, they are fetched again; otherwise replay the call.",
        )
        return {}
    return insights


def read_call(call_id: str, value: Any) -> Call | None:  # noqa: ANN401 - what Redis returned
    """Return the call whose stored record is ``value``, or ``None`` if ``value`` is empty.

    The records of all versions are objects with the id and the times of the call. If such an object
    does not fit the model, a newer version wrote the record, and ``NewerRecordError`` is raised.
    For any other content ``DamagedRecordError`` is raised. The validation error of pydantic quotes
    the record, and must not be logged.
    """
    if not value:
        return None
    if not isinstance(value, bytes):
        raise DamagedRecordError(call_id)
    version, _, document = value.partition(b"\n")
    if not version.isdigit():
        raise DamagedRecordError(call_id)
    try:
        call = Call.model_validate_json(document)
    except ValidationError:
        error = NewerRecordError if _has_records_shape(call_id, document) else DamagedRecordError
        raise error(call_id) from None
    if call.call_id != call_id:
        raise DamagedRecordError(call_id)
    if call.format > FORMAT:
        raise NewerRecordError(call_id)
    return call.but(version=int(version))


def is_damaged(call_id: str, value: Any) -> bool:  # noqa: ANN401 - what Redis returned
    """Return whether ``value`` is a record that no version of the bridge can have written."""
    try:
        read_call(call_id, value)
    except DamagedRecordError:
        return True
    except NewerRecordError:
        pass
    return False


def wrong_type(error: ResponseError) -> ResponseError:
    """Return ``error`` if the Redis key holds a value of another type; else raise ``error``."""
    if not is_wrong_type(error):
        raise error
    return error


def is_wrong_type(reply: object) -> bool:
    """Return whether Redis rejected a command because the key holds a value of another type."""
    return isinstance(reply, ResponseError) and str(reply).startswith("WRONGTYPE")


def _has_records_shape(call_id: str, document: bytes) -> bool:
    """Return whether some version of the bridge may have written this record."""
    try:
        record = json.loads(document)
    except ValueError:
        return False
    return (
        isinstance(record, dict)
        and record.get("call_id") == call_id
        and all(isinstance(record.get(name), str) for name in EVERY_RECORDS_TIMES)
        and isinstance(record.get("state", ""), str)
    )
