"""Calls that alone fail do not delay the others, however many fail.

AskElephant is a transport, and time is virtual. The sweep runs every ten seconds as with beat, and
when it is published.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
import pytest

from bridge.broker.publisher import SWEEP
from bridge.domain.call import Call, State
from bridge.simulator.wavv.samples import SampleCall
from tests.support.in_process_bridge import Bridge

BEAT = timedelta(seconds=10)
BOUND = timedelta(seconds=60)
JSON_403 = {"type": "about:blank", "title": "Forbidden", "status": 403, "request_id": "req_1"}
JSON_404 = {"type": "about:blank", "title": "Not Found", "status": 404, "request_id": "req_1"}
HTML = "<html><body>The requested URL was rejected.</body></html>"

Answer = Callable[[httpx.Request], httpx.Response]


def _bad(status: int, **body: object) -> Answer:
    return lambda _: httpx.Response(status, **body)  # type: ignore[arg-type]  # httpx's keywords


REFUSALS: dict[str, Answer] = {
    "own 500": _bad(500, json={"title": "Internal", "status": 500}),
    "own 403": _bad(403, json=JSON_403),
    "own 403 as HTML": _bad(403, html=HTML),
    "own 404": _bad(404, json=JSON_404),
}


class Elephant:
    """An AskElephant that refuses the bad calls and serves all others."""

    def __init__(self, refusal: Answer, *, refuses: str = "POST") -> None:
        self.refusal, self.refuses = refusal, refuses
        self.bad: set[str] = set()
        self.requests: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Respond, and record the request."""
        self.requests.append(request.method)
        if request.method == "POST":
            body = json.loads(request.content)
            number = "".join(c for c in body["external_id"] if c.isalnum())
            is_bad = body["external_id"] in self.bad
        else:
            number = request.url.path.rpartition("_")[2]
            is_bad = any("".join(c for c in one if c.isalnum()) == number for one in self.bad)
        if is_bad and request.method == self.refuses:
            return self.refusal(request)
        engagement = {
            "id": f"ngmt_{number}",
            "processing_status": "COMPLETED",
            "action_items": [{"id": "ai_1"}],
            "signals": [{"id": "sg_1"}],
            "transcript": "Hi.",
        }
        status = 201 if request.method == "POST" else 200
        return httpx.Response(status, json=engagement)


def run_for(bridge: Bridge, **duration: float) -> None:
    """Move the clock: tasks run at their times, sweeps at each beat and when published.

    Over a long time beat runs more rarely, because each sweep costs real time.
    """
    end = bridge.clock() + timedelta(**duration)
    apart = max(BEAT, timedelta(**duration) / 200)
    beat = bridge.clock() + apart
    while True:
        waiting = [message.at for message in bridge.published.messages]
        at = max(bridge.clock(), min([beat, *waiting]))
        if at > end:
            bridge.clock.time = end
            return
        bridge.clock.time = at
        due = [message for message in bridge.published.messages if message.at <= at]
        if not due:
            beat = at + apart
            bridge.sweep()
        for message in due:
            bridge.published.messages.remove(message)
            bridge.sweep() if message.task == SWEEP else bridge.run(message)


def _receive(bridge: Bridge, elephant: Elephant, bad: int, good: int) -> list[SampleCall]:
    """Receive bad calls, then good ones; return the good ones."""
    calls = [bridge.dial() for _ in range(bad + good)]
    elephant.bad.update(f"wavv-call-{call.call_id}" for call in calls[:bad])
    for call in calls:
        bridge.receive(call)
    bridge.drain()
    return calls[bad:]


def _since(found: Call, what: str) -> datetime:
    return next(entry.at for entry in found.timeline if entry.what == what)


@pytest.mark.parametrize("refusal", ["own 500", "own 403", "own 403 as HTML"])
def test_good_calls_among_sixty_bad_ones_are_submitted_in_time(
    bridge: Bridge, refusal: str
) -> None:
    """Good calls are submitted within a minute although sixty bad calls came before them."""
    elephant = Elephant(REFUSALS[refusal])
    bridge.use_transport(httpx.MockTransport(elephant))
    received_at = bridge.clock()
    first = _receive(bridge, elephant, 60, 5)
    run_for(bridge, minutes=2)
    late_received_at = bridge.clock() + timedelta(minutes=20)
    run_for(bridge, minutes=20)
    late = _receive(bridge, elephant, 0, 3)
    run_for(bridge, minutes=2)
    for start, calls in ((received_at, first), (late_received_at, late)):
        found = [bridge.call(call) for call in calls]
        assert {one.state for one in found} <= {State.SUBMITTED, State.TRANSCRIBED, State.COMPLETE}
        for one in found:
            due = start + bridge.services.policy.settle
            assert _since(one, "engagement.created") - due <= BOUND


def test_bad_calls_first_and_a_good_one_behind_them_an_hour_later(bridge: Bridge) -> None:
    """A good call is submitted an hour after bad calls alone had started a hold."""
    elephant = Elephant(REFUSALS["own 500"])
    bridge.use_transport(httpx.MockTransport(elephant))
    _receive(bridge, elephant, 60, 0)
    run_for(bridge, hours=1)
    assert bridge.services.holds.state(bridge.clock()) is not None
    received_at = bridge.clock()
    (good,) = _receive(bridge, elephant, 0, 1)
    run_for(bridge, minutes=2)
    assert _since(bridge.call(good), "engagement.created") - received_at <= BOUND
    assert len(elephant.requests) < 400


@pytest.mark.parametrize("refusal", ["own 500", "own 403"])
def test_reads_of_good_calls_among_bad_ones_are_done_in_time(bridge: Bridge, refusal: str) -> None:
    """Insights of good calls are fetched in time although reads of other calls fail."""
    elephant = Elephant(REFUSALS[refusal], refuses="GET")
    bridge.use_transport(httpx.MockTransport(elephant))
    bridge.change_policy(transcript_poll_after=timedelta(seconds=30))
    good = _receive(bridge, elephant, 60, 3)
    run_for(bridge, minutes=2)
    for call in good:
        found = bridge.call(call)
        assert found.state is State.COMPLETE
        assert found.updated_at - (found.created_at + timedelta(seconds=32)) <= BOUND


@pytest.mark.parametrize("refusal", ["own 500", "own 403", "own 403 as HTML"])
def test_bad_calls_fail_by_themselves_at_the_retry_deadline(bridge: Bridge, refusal: str) -> None:
    """Bad calls fail at the retry deadline, which short holds do not extend."""
    elephant = Elephant(REFUSALS[refusal])
    bridge.use_transport(httpx.MockTransport(elephant))
    bridge.change_policy(retry_deadline=timedelta(hours=3))
    _receive(bridge, elephant, 12, 0)
    bad = [call_id.removeprefix("wavv-call-") for call_id in elephant.bad]
    for _ in range(16):
        _receive(bridge, elephant, 0, 1)
        run_for(bridge, minutes=15)
    found = [bridge.services.calls.load(call_id) for call_id in bad]
    assert {one.state for one in found if one} == {State.FAILED}
    reasons = {"own 500": "askelephant_error", "own 403": "scope_missing"}
    assert {one.reason for one in found if one} == {reasons.get(refusal, "gateway_error")}
    assert bridge.services.holds.all(bridge.clock()) == []
    assert bridge.services.redis.zcard(bridge.services.keys.recent_failures) == 0


@pytest.mark.parametrize("body", [{"html": HTML}, {"json": {"message": "no Route matched"}}])
def test_a_gateways_404_fails_no_read(bridge: Bridge, body: dict[str, object]) -> None:
    """A gateway's 404 is an outage: no call fails, and all complete after it."""
    bridge.change_settings(probe_interval=1800)  # else thousands of probes
    elephant = Elephant(_bad(404, **body), refuses="GET")
    bridge.use_transport(httpx.MockTransport(elephant))
    bridge.change_policy(transcript_poll_after=timedelta(seconds=30))
    _receive(bridge, elephant, 15, 0)
    calls = [call_id.removeprefix("wavv-call-") for call_id in elephant.bad]
    run_for(bridge, hours=24)
    hold = bridge.services.holds.state(bridge.clock())
    assert hold is not None
    assert (hold.reason, hold.status) == ("outage", 404)
    elephant.bad.clear()
    run_for(bridge, minutes=20)
    found = [bridge.services.calls.load(call_id) for call_id in calls]
    assert {one.state for one in found if one} == {State.COMPLETE}
    assert all(one is not None and one.problem is None for one in found)


def test_json_404s_of_several_calls_in_a_row_hold_the_reads(bridge: Bridge) -> None:
    """JSON 404s of several calls in a row hold reads only, and fail no call."""
    bridge.change_settings(probe_interval=1800)  # else thousands of probes
    elephant = Elephant(REFUSALS["own 404"], refuses="GET")
    bridge.use_transport(httpx.MockTransport(elephant))
    bridge.change_policy(transcript_poll_after=timedelta(seconds=30))
    _receive(bridge, elephant, 5, 0)
    calls = [call_id.removeprefix("wavv-call-") for call_id in elephant.bad]
    run_for(bridge, hours=12)
    hold = bridge.services.holds.state(bridge.clock(), "insights")
    assert hold is not None
    assert (hold.reason, hold.step) == ("outage", "insights")
    (other,) = _receive(bridge, elephant, 0, 1)
    run_for(bridge, seconds=10)
    assert bridge.call(other).state is State.SUBMITTED
    elephant.bad.clear()
    run_for(bridge, minutes=20)
    found = [bridge.services.calls.load(call_id) for call_id in calls]
    assert {one.state for one in found if one} == {State.COMPLETE}


def test_an_outage_over_every_deadline_fails_nothing(bridge: Bridge) -> None:
    """An outage of three days fails no call, and all complete after it."""
    bridge.change_settings(probe_interval=1800)  # else thousands of probes
    elephant = Elephant(_bad(503), refuses="GET")
    bridge.use_transport(httpx.MockTransport(elephant))
    bridge.change_policy(
        transcript_poll_after=timedelta(seconds=30), insights_deadline=timedelta(minutes=10)
    )
    _receive(bridge, elephant, 12, 0)
    calls = [call_id.removeprefix("wavv-call-") for call_id in elephant.bad]
    run_for(bridge, hours=72)
    elephant.bad.clear()
    run_for(bridge, minutes=20)
    found = [bridge.services.calls.load(call_id) for call_id in calls]
    assert {(one.state, one.insights.status) for one in found if one} == {(State.COMPLETE, "all")}
