"""``GET /v2/engagements``: filters, order and the opaque cursor, all read from the query."""

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
    """A list request that was understood. ``after`` is the position of the last page's end."""

    tests: tuple[Test, ...]
    descending: bool
    limit: int
    after: Position | None


def read_query(query: Mapping[str, str]) -> Wanted:
    """Read the query; raise a 400 for what the API has not got."""
    order = query.get("order_by", "updated_at:desc")
    if order not in ORDERS:
        raise _bad("order_by", f"must be one of {', '.join(ORDERS)}")
    tests = [_filter(name, value) for name, value in query.items() if name.startswith("filter")]
    if words := query.get("search", "").lower():
        tests.append(lambda engagement: words in engagement.request["title"].lower())
    return Wanted(tuple(tests), order.endswith("desc"), _limit(query), _cursor(query.get("cursor")))


def one_page(engagements: Iterable[Engagement], wanted: Wanted) -> Json:
    """Return one page of the engagements that pass all filters."""
    chosen = [one for one in engagements if all(test(one) for test in wanted.tests)]
    chosen.sort(key=_position, reverse=wanted.descending)
    if (after := wanted.after) is not None:
        chosen = [one for one in chosen if _is_past(_position(one), after, wanted)]
    shown, more = chosen[: wanted.limit], len(chosen) > wanted.limit
    return {
        "object": "list",
        "data": [view(engagement) for engagement in shown],
        "has_more": more,
        "next_cursor": _write_cursor(_position(shown[-1])) if more else None,
    }


def _position(engagement: Engagement) -> Position:
    return engagement.updated_at.isoformat(timespec="microseconds"), engagement.id


def _is_past(position: Position, after: Position, wanted: Wanted) -> bool:
    return position < after if wanted.descending else position > after


def _filter(name: str, value: str) -> Test:
    match = _FILTER.fullmatch(name)
    field, comparison = match.groups() if match else (name, "")
    if field in TIMES and comparison in COMPARISONS:
        return _time_filter(field, comparison, value)
    if field == "processing_status" and comparison in {"eq", "in"}:
        statuses = value.split(",") if comparison == "in" else [value]
        return lambda engagement: engagement.status in statuses
    if (field, comparison) == ("engagement_type", "eq"):
        return lambda engagement: engagement.request["type"] == value
    raise _bad(name, "is no known filter")


def _time_filter(field: str, comparison: str, value: str) -> Test:
    try:
        bound = read_time(value)
    except ValueError:
        raise _bad(f"filter[{field}][{comparison}]", "must be an ISO 8601 time") from None
    read, compare = TIMES[field], COMPARISONS[comparison]
    return lambda engagement: compare(_shown(read(engagement)), bound)


def _shown(at: datetime) -> datetime:
    """Return a time as answers show it, to the millisecond: clients compare with what they saw."""
    return read_time(at_text(at))


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", str(DEFAULT_LIMIT))
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= LARGEST_LIMIT:
        raise _bad("limit", f"must be a number from 1 to {LARGEST_LIMIT}")
    return int(text)


def _write_cursor(position: Position) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _cursor(text: str | None) -> Position | None:
    if text is None:
        return None
    try:
        updated_at, engagement_id = json.loads(base64.urlsafe_b64decode(text))
    except (binascii.Error, ValueError, TypeError):
        raise _bad("cursor", "is none of ours") from None
    return str(updated_at), str(engagement_id)


def _bad(field: str, message: str) -> ApiProblem:
    error = FieldError(field=field, code="invalid_query", message=f"{field} {message}")
    return ApiProblem(400, "invalid query", [error])
