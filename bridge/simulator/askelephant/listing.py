"""``GET /v2/engagements``: the filters, the order and the opaque cursor of its query."""

import base64
import binascii
import json
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bridge.simulator.askelephant.engagement import Engagement, Json, view
from bridge.simulator.askelephant.problems import ApiProblem
from bridge.simulator.askelephant.shapes import FieldError
from bridge.simulator.askelephant.stamps import at_text, read_time

DEFAULT_LIMIT, LARGEST_LIMIT = 25, 100
ORDERS = ("updated_at:asc", "updated_at:desc")
_FILTER = re.compile(r"filter\[(\w+)\]\[(\w+)\]")
COMPARISONS: Mapping[str, Callable[[datetime, datetime], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
TIMES: Mapping[str, Callable[[Engagement], datetime]] = {
    "updated_at": lambda engagement: engagement.updated_at,
    "start_at": lambda engagement: engagement.started_at,
}

Test = Callable[[Engagement], bool]
Position = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A parsed query. ``after`` is the position of the last engagement of the previous page."""

    tests: tuple[Test, ...]
    descending: bool
    limit: int
    after: Position | None


def read_query(query: Mapping[str, str]) -> Wanted:
    """Parse the query of the list. Raises a 400 for an unknown filter or an invalid value."""
    order = query.get("order_by", "updated_at:desc")
    if order not in ORDERS:
        raise _bad("order_by", f"must be one of {', '.join(ORDERS)}")
    tests = [_filter(name, value) for name, value in query.items() if name.startswith("filter")]
    if text := query.get("search", "").lower():
        tests.append(lambda engagement: text in engagement.request["title"].lower())
    limit = query.get("limit", str(DEFAULT_LIMIT))
    if not limit.isascii() or not limit.isdecimal() or not 1 <= int(limit[:9]) <= LARGEST_LIMIT:
        raise _bad("limit", f"must be a number from 1 to {LARGEST_LIMIT}")
    after = None
    if (cursor := query.get("cursor")) is not None:
        try:
            updated_at, engagement_id = json.loads(base64.urlsafe_b64decode(cursor))
        except (binascii.Error, ValueError, TypeError):
            raise _bad("cursor", "is no cursor of this list") from None
        after = str(updated_at), str(engagement_id)
    return Wanted(tuple(tests), order.endswith("desc"), int(limit), after)


def one_page(engagements: Iterable[Engagement], wanted: Wanted) -> Json:
    """Return one page of the engagements that pass all filters."""
    chosen = [one for one in engagements if all(test(one) for test in wanted.tests)]
    chosen.sort(key=_position, reverse=wanted.descending)
    if (after := wanted.after) is not None:
        is_past = operator.lt if wanted.descending else operator.gt
        chosen = [one for one in chosen if is_past(_position(one), after)]
    shown, more = chosen[: wanted.limit], len(chosen) > wanted.limit
    cursor = None
    if more:
        cursor = base64.urlsafe_b64encode(json.dumps(_position(shown[-1])).encode()).decode()
    return {
        "object": "list",
        "data": [view(engagement) for engagement in shown],
        "has_more": more,
        "next_cursor": cursor,
    }


def _position(engagement: Engagement) -> Position:
    return engagement.updated_at.isoformat(timespec="microseconds"), engagement.id


def _filter(name: str, value: str) -> Test:
    match = _FILTER.fullmatch(name)
    field, comparison = match.groups() if match else (name, "")
    if field in TIMES and comparison in COMPARISONS:
        try:
            bound = read_time(value)
        except ValueError:
            raise _bad(name, "must be an ISO 8601 time") from None
        read, compare = TIMES[field], COMPARISONS[comparison]
        # Compared by milliseconds: responses contain no more digits, and clients send such times.
        return lambda engagement: compare(read_time(at_text(read(engagement))), bound)
    if field == "processing_status" and comparison in {"eq", "in"}:
        statuses = value.split(",") if comparison == "in" else [value]
        return lambda engagement: engagement.status in statuses
    if (field, comparison) == ("engagement_type", "eq"):
        return lambda engagement: engagement.request["type"] == value
    raise _bad(name, "is no known filter")


def _bad(field: str, message: str) -> ApiProblem:
    error = FieldError(field=field, code="invalid_query", message=f"{field} {message}")
    return ApiProblem(400, "invalid query", [error])
