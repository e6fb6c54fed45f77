"""Calls in the store, as the workers would have saved them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.domain.call import Call, new_call
from tests.support.web_process import Web

BEGIN = datetime(2026, 5, 13, 14, 0, tzinfo=UTC)


def keep(web: Web, call_id: str, /, *, after: float = 0, **changes: Any) -> Call:  # noqa: ANN401 - of many types
    """Store a call that was received ``after`` seconds from the beginning; return it."""
    call = new_call(call_id, BEGIN + timedelta(seconds=after)).but(**changes)
    saved = web.services.calls.update(call_id, lambda _: call)
    assert saved is not None
    return saved


def walk(web: Web, **query: str | int) -> list[str]:
    """Return the ids of all pages of the listing."""
    ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = web.get("/api/calls", **query, cursor=cursor).json()
        ids += [call["call_id"] for call in page["data"]]
        cursor = page["next_cursor"]
    return ids
