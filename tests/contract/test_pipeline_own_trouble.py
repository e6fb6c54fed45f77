"""A call's own trouble costs that call only, whatever it is and however many have it.

AskElephant is a transport of these tests; time is virtual, and the sweep runs every ten seconds as
beat has it, and when the bridge asks for it.
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
    """AskElephant: refuses what the bad calls ask for, serves all others."""

    def __init__(self, refusal: Answer, *, refuses: str = "POST") -> None:
        self.refusal, self.refuses = refusal, refuses
        self.bad: set[str] = set()
        self.requests: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Respond, and remember the request."""
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
    """Let time pass: tasks at their times, sweeps each beat and whenever they were published.

    In a long time beat is rarer: each sweep costs real time.
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


def _tell(bridge: Bridge, elephant: Elephant, bad: int, good: int) -> list[SampleCall]:
    """Tell of bad calls, then of good ones; return the good ones."""
    calls = [bridge.dial() for _ in range(bad + good)]
    elephant.bad.update(f"wavv-call-{call.call_id}" for call in calls[:bad])
    for call in calls:
        bridge.receive(call)
    bridge.drain()
    return calls[bad:]


def _since(found: Call, what: str) -> datetime:
    return next(entry.at for entry in found.timeline if entry.what == what)


@pytest.mark.parametrize("refusal", ["own 500", "own 403", "own 403 as HTML"])
def test_good_calls_beside_sixty_bad_ones_are_submitted_in_time(
    bridge: Bridge, refusal: str
) -> None:
    """Told with the bad ones or some time later: within a minute of their due time."""
    elephant = Elephant(REFUSALS[refusal])
    bridge.use_transport(httpx.MockTransport(elephant))
    told = bridge.clock()
    first = _tell(bridge, elephant, 60, 5)
    run_for(bridge, minutes=2)
    late_told = bridge.clock() + timedelta(minutes=20)
    run_for(bridge, minutes=20)
    late = _tell(bridge, elephant, 0, 3)
    run_for(bridge, minutes=2)
    for start, calls in ((told, first), (late_told, late)):
        found = [bridge.call(call) for call in calls]
        assert {one.state for one in found} <= {State.SUBMITTED, State.TRANSCRIBED, State.COMPLETE}
        for one in found:
            due = start + bridge.services.policy.settle
            assert _since(one, "engagement.created") - due <= BOUND


def test_bad_calls_first_and_a_good_one_behind_them_an_hour_later(bridge: Bridge) -> None:
    """Nothing was served before: it is an outage, until the newest call finds out otherwise."""
    elephant = Elephant(REFUSALS["own 500"])
    bridge.use_transport(httpx.MockTransport(elephant))
    _tell(bridge, elephant, 60, 0)
    run_for(bridge, hours=1)
    assert bridge.services.holds.state(bridge.clock()) is not None
    told = bridge.clock()
    (good,) = _tell(bridge, elephant, 0, 1)
    run_for(bridge, minutes=2)
    assert _since(bridge.call(good), "engagement.created") - told <= BOUND
    assert len(elephant.requests) < 400


@pytest.mark.parametrize("refusal", ["own 500", "own 403"])
def test_reads_of_good_calls_beside_bad_ones_are_done_in_time(bridge: Bridge, refusal: str) -> None:
    """The same for the other step: insights of good calls do not wait for bad reads."""
    elephant = Elephant(REFUSALS[refusal], refuses="GET")
    bridge.use_transport(httpx.MockTransport(elephant))
    bridge.change_policy(transcript_poll_after=timedelta(seconds=30))
    good = _tell(bridge, elephant, 60, 3)
    run_for(bridge, minutes=2)
    for call in good:
        found = bridge.call(call)
        assert found.state is State.COMPLETE
        assert found.updated_at - (found.created_at + timedelta(seconds=32)) <= BOUND


@pytest.mark.parametrize("refusal", ["own 500", "own 403", "own 403 as HTML"])
def test_bad_calls_fail_by_themselves_at_the_retry_deadline(bridge: Bridge, refusal: str) -> None:
    """Beside good ones: holds of seconds do not restart their time, and it does not stand still."""
    elephant = Elephant(REFUSALS[refusal])
    bridge.use_transport(httpx.MockTransport(elephant))
    bridge.change_policy(retry_deadline=timedelta(hours=3))
    _tell(bridge, elephant, 12, 0)
    bad = [call_id.removeprefix("wavv-call-") for call_id in elephant.bad]
    for _ in range(16):
        _tell(bridge, elephant, 0, 1)
        run_for(bridge, minutes=15)
    found = [bridge.services.calls.load(call_id) for call_id in bad]
    assert {one.state for one in found if one} == {State.FAILED}
    reasons = {"own 500": "askelephant_error", "own 403": "scope_missing"}
    assert {one.reason for one in found if one} == {reasons.get(refusal, "gateway_error")}
    assert bridge.services.holds.all(bridge.clock()) == []
    assert bridge.services.redis.zcard(bridge.services.keys.recent_failures) == 0


@pytest.mark.parametrize("body", [{"html": HTML}, {"json": {"message": "no Route matched"}}])
def test_a_gateways_404_fails_no_read(bridge: Bridge, body: dict[str, object]) -> None:
    """A balancer without a backend, for a day: it is an outage, and every call completes after."""
    bridge.change_settings(probe_interval=1800)  # else thousands of probes
    elephant = Elephant(_bad(404, **body), refuses="GET")
    bridge.use_transport(httpx.MockTransport(elephant))
    bridge.change_policy(transcript_poll_after=timedelta(seconds=30))
    _tell(bridge, elephant, 15, 0)
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
    """They are an outage, too: nothing is given up, and submissions go on."""
    bridge.change_settings(probe_interval=1800)  # else thousands of probes
    elephant = Elephant(REFUSALS["own 404"], refuses="GET")
    bridge.use_transport(httpx.MockTransport(elephant))
    bridge.change_policy(transcript_poll_after=timedelta(seconds=30))
    _tell(bridge, elephant, 5, 0)
    calls = [call_id.removeprefix("wavv-call-") for call_id in elephant.bad]
    run_for(bridge, hours=12)
    hold = bridge.services.holds.state(bridge.clock(), "insights")
    assert hold is not None
    assert (hold.reason, hold.step) == ("outage", "insights")
    (other,) = _tell(bridge, elephant, 0, 1)
    run_for(bridge, seconds=10)
    assert bridge.call(other).state is State.SUBMITTED
    elephant.bad.clear()
    run_for(bridge, minutes=20)
    found = [bridge.services.calls.load(call_id) for call_id in calls]
    assert {one.state for one in found if one} == {State.COMPLETE}


def test_an_outage_over_every_deadline_fails_nothing(bridge: Bridge) -> None:
    """Three days: transcripts, insights and retries go on where they were, with some fetches."""
    bridge.change_settings(probe_interval=1800)  # else thousands of probes
    elephant = Elephant(_bad(503), refuses="GET")
    bridge.use_transport(httpx.MockTransport(elephant))
    bridge.change_policy(
        transcript_poll_after=timedelta(seconds=30), insights_deadline=timedelta(minutes=10)
    )
    _tell(bridge, elephant, 12, 0)
    calls = [call_id.removeprefix("wavv-call-") for call_id in elephant.bad]
    run_for(bridge, hours=72)
    elephant.bad.clear()
    run_for(bridge, minutes=20)
    found = [bridge.services.calls.load(call_id) for call_id in calls]
    assert {(one.state, one.insights.status) for one in found if one} == {(State.COMPLETE, "all")}
