"""Insights are fetched until they are there or their deadline; without webhooks it polls."""

from itertools import pairwise
from typing import Any

import pytest

from bridge.askelephant.models import EXPANDABLE
from bridge.domain.call import State
from bridge.pipeline import insights
from bridge.simulator.wavv.samples import SampleCall
from tests.support.httpx_transports import InterruptedTransport, scripted
from tests.support.in_process_bridge import Bridge, whats

ITEM, SIGNAL = {"id": "ai_1"}, {"id": "sig_1"}


def _transcribed(bridge: Bridge, behaviour: str = "", **data: str) -> SampleCall:
    """Return a call whose transcript event was received."""
    call = bridge.dial(behaviour)
    bridge.process(call, **data)
    bridge.transcribed(call)
    bridge.drain()
    return call


def _response(status: str = "COMPLETED", **brought: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    empty: dict[str, Any] = {"action_items": [], "signals": []}
    return {"object": "engagement", "id": "ngmt_1", "processing_status": status} | empty | brought


@pytest.mark.parametrize(
    ("behaviour", "status", "kept"),
    [
        ("", "all", ["action_items", "signals"]),
        ("unknown-fields+unknown-data-types", "all", ["action_items", "signals"]),
        ("partial-insights", "some", ["signals"]),
        ("no-insights", "none", []),
    ],
)
def test_a_call_is_complete_with_what_came_by_the_deadline(
    bridge: Bridge, behaviour: str, status: str, kept: list[str]
) -> None:
    """At the deadline a call completes with the insights that came."""
    call = _transcribed(bridge, behaviour)
    heard_at = bridge.clock()
    bridge.work()
    found = bridge.call(call)
    assert (found.state, found.insights.status) == (State.COMPLETE, status)
    brought = bridge.insights(call)
    assert [key for key in ("action_items", "signals") if brought[key]] == kept
    assert found.insights.counts == {
        key: len(value) for key, value in brought.items() if isinstance(value, list)
    }
    waited = (bridge.clock() - heard_at).total_seconds()
    assert waited == (45 if status == "all" else 1800)
    assert found.insights.checks == len(bridge.requests("GET"))


def test_the_checks_grow_further_apart(bridge: Bridge) -> None:
    """The intervals between fetches grow to the longest, and the last fetch is at the deadline."""
    call = _transcribed(bridge, "no-insights")
    times = [bridge.clock()]
    while bridge.published.messages:
        seen = len(bridge.requests("GET"))
        bridge.work(until=lambda seen=seen: len(bridge.requests("GET")) > seen)  # type: ignore[misc]  # bound now
        times.append(bridge.clock())
    waits = [(b - a).total_seconds() for a, b in pairwise(times)]
    assert waits[:4] == [45, 67.5, 101.25, 151.875]
    assert max(waits) == 300
    assert sorted(waits[:-1]) == waits[:-1]
    assert bridge.call(call).state is State.COMPLETE


def test_every_fetch_keeps_what_it_brought(bridge: Bridge) -> None:
    """Insights of every fetch are kept, also if a later fetch returns fewer."""
    call = _transcribed(bridge)
    responses = [
        _response(),
        _response(signals=[SIGNAL]),
        _response(action_items=[ITEM], transcript="Hello"),
    ]
    bridge.use_transport(scripted(responses))
    kept = []
    for _ in responses:
        bridge.clock.wait(minutes=5)
        insights.fetch(bridge.services, [call.call_id])
        brought = bridge.insights(call)
        kept.append((brought["action_items"], brought["signals"]))
    assert kept == [([], []), ([], [SIGNAL]), ([ITEM], [SIGNAL])]
    found = bridge.call(call)
    assert (found.state, found.insights.status) == (State.COMPLETE, "all")
    assert bridge.insights(call)["transcript"] == "Hello"


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"insights_required": "signals"}, "all"),
        ({"insights_required": "tags,signals"}, "all"),
        ({"insights_required": ""}, "all"),
        ({"insights_required": "action_items"}, "none"),
    ],
)
def test_the_operator_configures_the_required_insights(
    bridge: Bridge, settings: dict[str, str], status: str
) -> None:
    """The operator configures which insights complete a call."""
    bridge.change_settings(expand="action_items,signals,tags", **settings)
    call = _transcribed(bridge, "partial-insights")
    bridge.work()
    found = bridge.call(call)
    assert (found.state, found.insights.status) == (State.COMPLETE, status)


def test_all_eight_expansions_can_be_fetched(bridge: Bridge) -> None:
    """All eight expansions can be fetched, and are stored unchanged."""
    bridge.change_settings(expand=",".join(EXPANDABLE))
    call = _transcribed(bridge, contactEmail="jane@customer.example")
    bridge.work()
    brought = bridge.insights(call)
    assert set(brought) == set(EXPANDABLE)
    assert all(brought.values())


@pytest.mark.parametrize(
    ("behaviour", "statuses"),
    [
        ("read-missing.3", [404, 404, 404, 200]),
        ("read-error.2", [500, 500, 200]),
        ("read-garbage", [200, 200]),
    ],
)
def test_a_failed_read_is_tried_again(bridge: Bridge, behaviour: str, statuses: list[int]) -> None:
    """A failed fetch is tried again, and a success resets the failures in a row."""
    call = _transcribed(bridge, behaviour)
    bridge.work()
    found = bridge.call(call)
    assert (found.state, found.insights.status, found.failures) == (State.COMPLETE, "all", 0)
    assert [one["status"] for one in bridge.requests("GET")] == statuses


def test_an_engagement_that_stays_missing_fails_its_call(bridge: Bridge) -> None:
    """An engagement that stays missing for hours fails its call."""
    call = _transcribed(bridge, "read-missing.99")
    bridge.sweep_for(hours=2)
    assert bridge.call(call).state is State.TRANSCRIBED
    bridge.sweep_for(hours=2)
    found = bridge.call(call)
    assert (found.state, found.reason) == (State.FAILED, "engagement_missing")
    assert 15 <= len(bridge.requests("GET")) <= 25


def test_without_a_webhook_the_bridge_polls(bridge: Bridge) -> None:
    """Without a webhook the bridge polls, counts it, and completes the call."""
    call = bridge.dial("no-webhook")
    bridge.process(call)
    started = bridge.clock()
    bridge.sweep_for(minutes=14)
    assert bridge.requests("GET") == []
    bridge.sweep_for(minutes=3)
    found = bridge.call(call)
    assert (found.state, found.insights.status) == (State.COMPLETE, "all")
    (ready,) = [entry for entry in found.timeline if entry.what == "transcript.ready"]
    assert (ready.model_extra or {})["source"] == "poll"
    assert bridge.counted("transcripts.polled") == 1
    polled = bridge.services.counters.last_saw("poll")
    assert polled is not None
    assert (polled - started).total_seconds() >= 900
    assert len(bridge.requests("GET")) == 1
    assert len(bridge.logged("askelephant.webhook_missing")) == 1


def test_insights_that_a_poll_finds_partly_are_waited_for(bridge: Bridge) -> None:
    """Insights that a poll finds only in part are fetched again, as after a webhook."""
    call = bridge.dial("no-webhook+partial-insights")
    bridge.process(call)
    bridge.sweep_for(minutes=20)
    assert bridge.call(call).state is State.TRANSCRIBED
    bridge.sweep_for(minutes=35)
    found = bridge.call(call)
    assert (found.state, found.insights.status) == (State.COMPLETE, "some")


def test_a_call_whose_processing_never_ends_fails_by_the_deadline(bridge: Bridge) -> None:
    """A call whose processing never ends fails at the deadline, polled at growing intervals."""
    bridge.change_settings(transcript_deadline=3600)
    call = bridge.dial("stuck")
    bridge.process(call)
    bridge.sweep_for(minutes=55)
    found = bridge.call(call)
    assert (found.state, found.reason) == (State.SUBMITTED, "transcript_pending")
    bridge.sweep_for(minutes=15)
    found = bridge.call(call)
    assert (found.state, found.reason) == (State.FAILED, "transcript_missing")
    assert 8 <= len(bridge.requests("GET")) <= 16


def test_a_webhook_ends_the_polling(bridge: Bridge) -> None:
    """A transcript webhook ends the polling."""
    call = bridge.dial("stuck")
    bridge.process(call)
    bridge.sweep_for(minutes=20)
    assert bridge.call(call).polls > 0
    bridge.transcribed(call)
    bridge.drain()
    found = bridge.call(call)
    assert (found.state, found.failures, found.reason) == (State.TRANSCRIBED, 0, None)


def test_a_poll_finds_failed_processing(bridge: Bridge) -> None:
    """A poll finds that processing has FAILED, for which there is no webhook."""
    call = bridge.dial("failed")
    bridge.process(call)
    bridge.sweep_for(minutes=17)
    found = bridge.call(call)
    assert (found.state, found.reason) == (State.FAILED, "processing_failed")


def test_processing_that_fails_after_the_transcript_ends_the_call_too(bridge: Bridge) -> None:
    """Processing that fails after the transcript fails the call."""
    call = _transcribed(bridge)
    bridge.use_transport(scripted([_response("FAILED")]))
    bridge.work()
    assert bridge.call(call).reason == "processing_failed"


def test_a_fetch_that_is_run_twice_sends_one_request(bridge: Bridge) -> None:
    """A fetch that is early or already done sends no request."""
    call = _transcribed(bridge)
    assert insights.fetch(bridge.services, [call.call_id]) == []
    bridge.work()
    assert insights.fetch(bridge.services, [call.call_id]) == []
    assert len(bridge.requests("GET")) == 1
    assert whats(bridge.call(call)).count("insights.final") == 1


def test_a_fetch_whose_lease_ran_out_saves_nothing(bridge: Bridge) -> None:
    """A fetch whose lease has expired saves nothing, and the step stays due."""
    call = _transcribed(bridge)
    before = bridge.call(call)
    bridge.clock.wait(minutes=1)
    lease = bridge.services.keys.lease(call.call_id)
    bridge.use_transport(InterruptedTransport(lambda: bridge.services.redis.delete(lease)))
    assert insights.fetch(bridge.services, [call.call_id]) == []
    assert bridge.logged("lease.lost")
    assert (bridge.call(call), bridge.insights(call)) == (before, {})
    bridge.change_settings()
    bridge.work()
    assert bridge.call(call).state is State.COMPLETE


def test_what_is_there_from_the_start_proves_no_transcript(bridge: Bridge) -> None:
    """Owner and recording in a poll are no sign of a transcript."""
    bridge.change_settings(expand=("action_items", "signals", "owner", "media_url"))
    call = bridge.dial("stuck")
    bridge.process(call)
    bridge.sweep_for(minutes=20)
    found = bridge.call(call)
    assert (found.state, found.reason) == (State.SUBMITTED, "transcript_pending")
    assert bridge.logged("askelephant.webhook_missing") == []
