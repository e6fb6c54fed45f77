"""The sandbox's faults that affect the response after the request was processed."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from bridge.simulator.askelephant import SandboxOptions
from bridge.simulator.askelephant.spoil import HUGE
from tests.support.sandbox import Sandbox, running_sandbox


@pytest.fixture(scope="module")
def sandbox_process() -> Iterator[Sandbox]:
    """Run one sandbox in which time passes a hundred times as fast."""
    with running_sandbox(SandboxOptions(scale=0.01)) as running:
        yield running


@pytest.mark.parametrize(
    ("spoil", "status", "content_type", "start"),
    [
        ("error", 500, "application/json", b'{"detail"'),
        ("garbage", 201, "application/json", b'{"object": "engagement", "id": <html>'),
        ("html", 201, "text/html", b"<!doctype html>"),
        ("huge", 201, "application/json", b"   "),
    ],
)
def test_a_spoiled_response_leaves_an_engagement(
    sandbox: Sandbox, spoil: str, status: int, content_type: str, start: bytes
) -> None:
    """A spoiled response leaves an engagement, which the next try without the fault gets."""
    sandbox.control("faults", {"spoil": spoil})
    response = sandbox.submit("a")
    assert (response.status_code, response.headers["content-type"]) == (status, content_type)
    assert response.content.startswith(start)
    assert (len(response.content) > HUGE) == (spoil == "huge")
    assert len(sandbox.journal()["engagements"]) == 1
    sandbox.control("faults")
    assert sandbox.submit("a").status_code == 200


def test_a_reset_breaks_the_connection_half_way(sandbox: Sandbox) -> None:
    """A reset breaks the connection in the middle of the body."""
    sandbox.control("faults", {"spoil": "reset"})
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox.submit("a")
    assert len(sandbox.journal()["engagements"]) == 1


def test_a_drip_comes_at_once_when_the_fault_is_over(sandbox: Sandbox) -> None:
    """A slow response is completed at once when the fault is cleared."""
    sandbox.control("faults", {"spoil": "drip"})
    responses: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: responses.append(sandbox.submit("a")))
    asking.start()
    asking.join(1)
    assert asking.is_alive()
    sandbox.control("faults")
    asking.join()
    assert responses[0].json()["object"] == "engagement"


LEAST_LAG = 0.49
"""Half a second, less the inaccuracy of timers."""


def test_a_lag_comes_after_what_was_done(sandbox: Sandbox) -> None:
    """A lag delays the response after the engagement was made."""
    sandbox.control("faults", {"lag": 50})
    begun = time.monotonic()
    assert sandbox.submit("a").status_code == 201
    assert time.monotonic() - begun >= LEAST_LAG
    made, answered = (
        datetime.fromisoformat(sandbox.journal()[kind][0][name])
        for kind, name in (("engagements", "created_at"), ("requests", "answered_at"))
    )
    assert answered - made >= timedelta(seconds=LEAST_LAG)


def test_a_date_may_stand_for_the_seconds_to_wait(sandbox: Sandbox) -> None:
    """``Retry-After`` can be a date, so many seconds after each request."""
    sandbox.control("faults", {"status": 429, "retry_date": 10})
    response = sandbox.submit("a")
    ahead = parsedate_to_datetime(response.headers["retry-after"]) - datetime.now(UTC)
    assert timedelta(seconds=8) < ahead <= timedelta(seconds=10)
