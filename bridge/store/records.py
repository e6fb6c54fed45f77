"""Reads what the store holds of a call: of this version, of another one, or damaged."""

import json
from typing import Any

import structlog
from pydantic import ValidationError
from redis.exceptions import ResponseError

from bridge.domain.call import FORMAT, Call
from bridge.errors import DamagedRecord, NewerRecord

EVERY_RECORDS_TIMES = ("created_at", "updated_at", "state_since")

log = structlog.get_logger(__name__)


def read_insights(value: Any) -> dict[str, Any]:  # noqa: ANN401 - what Redis answers
    """Return the document of insights that stands in the store as ``value``.

    Empty if it is damaged: the next fetch brings the insights again.
    """
    try:
        insights = json.loads(value) if value else {}
    except (TypeError, ValueError):
        insights = None
    if not isinstance(insights, dict):
        log.error("insights.damaged")
        return {}
    return insights


def read_call(call_id: str, value: Any) -> Call | None:  # noqa: ANN401 - what Redis answers
    """Return the record that is stored as ``value``; raise as ``CallStore.load`` does.

    A record of every version is an object with the call's id and its times. If such an object does
    not fit the model, a newer version wrote it. Anything else is damage.

    The validation error's text quotes the record, and must not reach a log.
    """
    if not value:
        return None
    if not isinstance(value, bytes):
        raise DamagedRecord(call_id)
    version, _, document = value.partition(b"\n")
    if not version.isdigit():
        raise DamagedRecord(call_id)
    try:
        call = Call.model_validate_json(document)
    except ValidationError:
        error = NewerRecord if _has_records_shape(call_id, document) else DamagedRecord
        raise error(call_id) from None
    if call.call_id != call_id:
        raise DamagedRecord(call_id)
    if call.format > FORMAT:
        raise NewerRecord(call_id)
    return call.but(version=int(version))


def is_damaged(call_id: str, value: Any) -> bool:  # noqa: ANN401 - what Redis answers
    """Return whether no version of the bridge can have written ``value``."""
    try:
        read_call(call_id, value)
    except DamagedRecord:
        return True
    except NewerRecord:
        pass
    return False


def wrong_type(error: ResponseError) -> ResponseError:
    """Return the error in place of a value if the key holds another type; raise any other."""
    if not is_wrong_type(error):
        raise error
    return error


def is_wrong_type(answer: object) -> bool:
    """Return whether Redis refused a command because the key holds another type."""
    return isinstance(answer, ResponseError) and str(answer).startswith("WRONGTYPE")


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
