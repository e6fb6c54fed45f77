"""The failures that the client makes of AskElephant's responses."""

import json
from datetime import UTC, datetime
from typing import Any

from bridge.askelephant.responses import engagement_or_failure
from bridge.domain.retry import Failure

NOW = datetime(2026, 5, 13, 14, 0, tzinfo=UTC)


def failure(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> Failure:
    """Return the failure that this response stands for; it must stand for one."""
    outcome = engagement_or_failure(status, headers or {}, body, NOW)
    assert isinstance(outcome, Failure)
    return outcome


def refused(status: int, **members: Any) -> Failure:  # noqa: ANN401 - any JSON
    """Return the failure that a response with this problem body stands for."""
    return failure(status, json.dumps(members).encode())
