"""A recording that is not ready is waited for, and its link fetched again."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bridge.domain.call import Call, Kind, State
from bridge.simulator.wavv.samples import SampleCall
from bridge.web.readiness import readiness
from tests.support.in_process_bridge import Bridge, whats
from tests.support.wavv_api import KEY, WavvRest, running_wavv


@pytest.fixture
def rest() -> Iterator[WavvRest]:
    """Run WAVV's API."""
    with running_wavv() as running:
        yield running


@pytest.fixture
def linked(bridge: Bridge, rest: WavvRest) -> Bridge:
    """Give a bridge with a key for WAVV's API."""
    bridge.change_settings(wavv_api_key=KEY, wavv_base_url=rest.url)
    return bridge


def statuses(bridge: Bridge) -> list[int]:
    """Return the statuses of AskElephant's responses to submissions."""
    return [one["status"] for one in bridge.requests()]


def submitted_link(bridge: Bridge) -> str:
    """Return the link of the only engagement."""
    (body,) = bridge.bodies()
    return str(body["media_url"])


def recorded_without_link(bridge: Bridge) -> SampleCall:
    """Return a recorded call without a link."""
    call = bridge.dial()
    bridge.receive(call, Kind.RECORDED, recordingUrl=None)
    bridge.drain()
    return call


def state_of(call: Call) -> tuple[State, str | None]:
    """Return the state of a call and its reason."""
    return call.state, call.reason


def test_a_missing_link_is_fetched_and_submitted(linked: Bridge, rest: WavvRest) -> None:
    """A missing link is fetched after the first delay, and the events' metadata is unchanged."""
    call = recorded_without_link(linked)
    waiting = linked.call(call)
    assert state_of(waiting) == (State.RECORDED, "recording_missing")
    assert waiting.due_at == linked.clock() + timedelta(minutes=1)
    rest.ready.add(call.call_id)
    linked.work()
    found = linked.call(call)
    assert state_of(found) == (State.SUBMITTED, None)
    assert submitted_link(linked) == rest.links[0]
    assert found.metadata.recording_url is None
    assert whats(found) == [
        "CallRecorded", "recording.refetched", "submission.started", "engagement.created",
    ]  # fmt: skip
    assert linked.counted("links.fetched") == 1
    assert not [line for line in linked.logs if "signature" in str(line)]


UNFETCHABLE = ("https://127.0.0.1/a.mp3", "http://recordings.example/a.mp3", "(pending...)",
               [{"url": "https://10.0.0.1/a.mp3"}])  # fmt: skip


@pytest.mark.parametrize("link", UNFETCHABLE)
def test_a_link_that_can_never_be_fetched_is_no_link(bridge: Bridge, link: object) -> None:
    """A link that can never be fetched is dropped with a note, and a later good one is used."""
    call = bridge.dial()
    found = bridge.process(call, recordingUrl=link)
    assert state_of(found) == (State.RECORDED, "recording_missing")
    entry = found.timeline[whats(found).index("CallRecorded")]
    assert "recording_url_unusable" in (entry.model_extra or {})["notes"]
    assert bridge.requests() == []
    bridge.clock.wait(hours=3)
    assert state_of(bridge.process(call, Kind.RECORDED)) == (State.SUBMITTED, None)
    assert submitted_link(bridge) == call.recording_url


@pytest.mark.parametrize("link", UNFETCHABLE)
def test_a_good_link_is_fetched_in_place_of_one_that_cannot_be(
    linked: Bridge, rest: WavvRest, link: object
) -> None:
    """A good link is fetched from WAVV if the event's link can never be fetched."""
    call = linked.dial()
    rest.ready.add(call.call_id)
    assert state_of(linked.process(call, recordingUrl=link)) == (State.SUBMITTED, None)
    assert submitted_link(linked) == rest.links[0]


def test_a_link_in_a_list_is_submitted(bridge: Bridge) -> None:
    """Of a list of links the first good one is submitted."""
    listed = [{"url": "https://10.0.0.1/a.mp3"}, {"url": "https://r.example/a.mp3?s=1"}]
    assert state_of(bridge.process(bridge.dial(), recordingUrl=listed)) == (State.SUBMITTED, None)
    assert submitted_link(bridge) == "https://r.example/a.mp3?s=1"


def test_a_link_is_looked_for_at_growing_intervals_until_it_is_there(
    linked: Bridge, rest: WavvRest
) -> None:
    """A link is fetched at growing intervals; waits over five minutes are only due times."""
    call = recorded_without_link(linked)
    linked.work()
    found = linked.call(call)
    assert (len(rest.requested), found.looks) == (4, 4)
    assert found.due_at == linked.clock() + timedelta(minutes=8)
    assert linked.published.messages == []
    rest.ready.add(call.call_id)
    linked.sweep_for(minutes=9)
    assert linked.call(call).state is State.SUBMITTED
    assert statuses(linked) == [201]


def test_an_event_with_the_link_ends_the_search(linked: Bridge, rest: WavvRest) -> None:
    """An event with the link ends the search."""
    call = recorded_without_link(linked)
    linked.work()
    requested = len(rest.requested)
    assert linked.process(call, Kind.RECORDED).state is State.SUBMITTED
    assert submitted_link(linked) == call.recording_url
    assert len(rest.requested) == requested


def test_a_recording_that_is_never_there_fails_by_the_deadline(
    linked: Bridge, rest: WavvRest
) -> None:
    """A recording that never comes fails its call at the deadline, after a last fetch."""
    linked.change_settings(recording_deadline=1200)
    call = recorded_without_link(linked)
    linked.sweep_for(minutes=19)
    assert state_of(linked.call(call)) == (State.RECORDED, "recording_missing")
    linked.sweep_for(minutes=3)
    found = linked.call(call)
    assert state_of(found) == (State.FAILED, "recording_missing")
    assert whats(found).count("recording.awaited") == len(rest.requested) - 1 == 5
    assert linked.requests() == []


def test_a_refusal_that_blames_the_media_is_sent_again_with_a_fresh_link_each_time(
    linked: Bridge, rest: WavvRest
) -> None:
    """After each refusal of the media the call is sent again with a fresh link."""
    call = linked.dial("media-late.2")
    rest.ready.add(call.call_id)
    found = linked.process(call)
    assert state_of(found) == (State.SUBMITTED, None)
    assert statuses(linked) == [422, 422, 201]
    assert submitted_link(linked) == rest.links[1]
    assert (found.attempts, found.problem) == (3, None)
    assert whats(found).count("recording.refetched") == 2


def test_a_refusal_of_the_media_is_retried_without_a_new_link(bridge: Bridge) -> None:
    """Without a key for WAVV's API the same link is sent again after a refusal of the media."""
    call = bridge.dial("media-late.2")
    bridge.receive(call)
    bridge.drain()
    bridge.work(until=lambda: bridge.call(call).looks == 2)
    found = bridge.call(call)
    assert state_of(found) == (State.RECORDED, "recording_not_ready")
    assert found.due_at == bridge.clock() + timedelta(minutes=2)
    assert found.problem is not None
    assert [one["field"] for one in found.problem.errors] == ["media_url"]
    assert found.failures == 0
    bridge.work()
    assert bridge.call(call).state is State.SUBMITTED
    assert submitted_link(bridge) == call.recording_url


@pytest.mark.parametrize("has_key", [False, True])
def test_media_that_is_refused_until_the_deadline_fails_with_the_whole_refusal(
    bridge: Bridge,
    rest: WavvRest,
    has_key: bool,  # noqa: FBT001 - a row of a table
) -> None:
    """Media that is refused until the deadline fails the call with the whole refusal."""
    key = {"wavv_api_key": KEY, "wavv_base_url": rest.url} if has_key else {}
    bridge.change_settings(recording_deadline=1200, **key)
    call = bridge.dial("media-late.7")
    bridge.process(call)
    bridge.sweep_for(minutes=12)
    assert state_of(bridge.call(call)) == (State.RECORDED, "recording_not_ready")
    bridge.sweep_for(minutes=3)
    found = bridge.call(call)
    assert state_of(found) == (State.FAILED, "recording_not_ready")
    assert found.problem is not None
    assert (found.problem.status, found.problem.errors[0]["code"]) == (422, "media_unavailable")
    assert (found.problem.request_id or "").startswith("req_")
    assert len(statuses(bridge)) == 6


@pytest.mark.parametrize(
    ("status", "reason", "is_warned"),
    [
        (401, "wavv_key_refused", True),
        (403, "wavv_key_refused", True),
        (429, "wavv_throttled", False),
        (500, "wavv_error", False),
    ],
)
def test_trouble_with_wavvs_api_holds_nothing_and_is_seen(
    linked: Bridge,
    rest: WavvRest,
    status: int,
    reason: str,
    is_warned: bool,  # noqa: FBT001 - a row of a table
) -> None:
    """Failures of WAVV's API hold no call, and ``/readyz`` shows them."""
    rest.status = status
    call, late, other = recorded_without_link(linked), linked.dial("media-late"), linked.dial()
    linked.receive(late)
    assert linked.process(other).state is State.SUBMITTED
    waiting = linked.call(call)
    assert state_of(waiting) == (State.RECORDED, "recording_missing")
    assert waiting.problem is not None
    assert waiting.problem.reason == reason
    assert linked.call(late).state is State.SUBMITTED
    assert linked.services.holds.state(linked.clock()) is None
    assert {line["reason"] for line in linked.logged("recording.not_fetched")} == {reason}
    assert linked.counted(f"links.failed.{reason}") > 1
    (check,) = [one for one in readiness(linked.services) if one.name == "wavv_api"]
    assert (check.ok, check.required) == (not is_warned, False)
    rest.status = None
    rest.ready.add(call.call_id)
    linked.sweep_for(minutes=20)
    assert linked.call(call).state is State.SUBMITTED
    (check,) = [one for one in readiness(linked.services) if one.name == "wavv_api"]
    assert check.ok


def _after_an_outage(bridge: Bridge, call: SampleCall, hours: float) -> Call:
    """Move the clock by a duration without tasks, then run all; return the call."""
    bridge.receive(call)
    bridge.drain()
    bridge.published.messages.clear()
    bridge.clock.wait(hours=hours)
    bridge.sweep()
    bridge.work()
    return bridge.call(call)


@pytest.mark.parametrize(("hours", "fetched"), [(71, 0), (73, 1)])
def test_a_link_that_has_outlived_its_signature_is_fetched_before_it_is_sent(
    linked: Bridge, rest: WavvRest, hours: float, fetched: int
) -> None:
    """A link older than its signature lasts is fetched again before the submission."""
    call = linked.dial()
    rest.ready.add(call.call_id)
    assert _after_an_outage(linked, call, hours).state is State.SUBMITTED
    assert statuses(linked) == [201]
    assert submitted_link(linked) == (rest.links[0] if fetched else call.recording_url)
    assert len(rest.links) == fetched


def test_a_link_that_died_early_in_an_outage_beyond_the_deadline_costs_no_call(
    linked: Bridge, rest: WavvRest
) -> None:
    """After a long outage a call gets one fresh link, although its deadline has passed."""
    call = linked.dial("media-late")
    rest.ready.add(call.call_id)
    assert _after_an_outage(linked, call, hours=30).state is State.SUBMITTED
    assert statuses(linked) == [422, 201]


def test_a_link_with_an_expiry_is_used_until_then(linked: Bridge, rest: WavvRest) -> None:
    """An expiry that WAVV reports is used instead of the assumed one."""
    call = recorded_without_link(linked)
    rest.ready.add(call.call_id)
    rest.expires_at = (linked.clock() + timedelta(minutes=30)).isoformat()
    linked.sandbox.control("faults", {"status": 503, "retry_after": 7200})
    linked.work(until=lambda: bool(rest.links))
    linked.clock.wait(minutes=30)
    linked.sandbox.control("faults")
    linked.sweep_for(minutes=31)
    assert linked.call(call).state is State.COMPLETE
    assert submitted_link(linked) == rest.links[1]


def test_a_skipped_call_sends_no_request_for_its_link(linked: Bridge, rest: WavvRest) -> None:
    """A call that a rule skips sends no request for its link."""
    linked.change_settings(skip_shorter_than=30)
    call = linked.dial(seconds=3)
    assert linked.process(call, recordingUrl=None).state is State.SKIPPED
    assert rest.requested == []
