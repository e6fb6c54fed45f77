"""What is stored of a call, as it may stand there: of any version, or damaged."""

import json
from typing import Any

import structlog
from redis.exceptions import ResponseError

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


def has_records_shape(call_id: str, document: bytes) -> bool:
    """Tell whether a record of any version can look like this."""
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


def wrong_type(error: ResponseError) -> ResponseError:
    """Return an error that tells of damage in place of a value; raise any other."""
    if not is_wrong_type(error):
        raise error
    return error


def is_wrong_type(answer: object) -> bool:
    """Tell whether Redis refused a command because the key holds another type."""
    return isinstance(answer, ResponseError) and str(answer).startswith("WRONGTYPE")
