"""AskElephant's webhooks find their call, also when they come late, early or twice."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest

from bridge.domain.call import State
from bridge.domain.steps import INSIGHTS
from bridge.pipeline import events, submit
from bridge.simulator.askelephant.event import CREATED, TRANSCRIPT_READY, UPDATED
from bridge.simulator.wavv.samples import SampleCall
from bridge.store.lookup import Lookup
from tests.support.httpx_transports import InterruptedTransport
from tests.support.in_process_bridge import Bridge, whats

FIRST_DELAY = timedelta(seconds=45)
FOREIGN = {"object": "engagement", "id": "ngmt_99", "external_url": "https://zoom.example/1"}


def _event(kind: str | None, shown: object) -> bytes:
    return json.dumps({"id": "evt_1", "type": kind, "data": {"object": shown}}).encode()


def _ready(bridge: Bridge, behaviour: str = "") -> SampleCall:
    """Return a call that is due for its submission."""
    call = bridge.dial(behaviour)
    bridge.receive(call)
    bridge.drain()
    bridge.published.messages.clear()
    bridge.clock.wait(seconds=2)
    return call


def _is_transcribed(bridge: Bridge, call: SampleCall, entry: str) -> bool:
    """Return whether the event changed the call once, with its inbox entry."""
    found = bridge.call(call)
    ready = [one for one in found.timeline if one.what == "transcript.ready"]
    entries = {(one.model_extra or {}).get("entry") for one in ready}
    return found.state is State.TRANSCRIBED and entry in entries and found.due_at is not None


def test_the_insights_are_fetched_some_time_after_the_transcript(bridge: Bridge) -> None:
    """Insights are fetched some time after the transcript, as AskElephant's guide advises."""
    call = bridge.dial()
    bridge.process(call)
    entry = bridge.transcribed(call)
    bridge.drain()
    assert _is_transcribed(bridge, call, entry)
    (message,) = bridge.published.messages
    assert (message.task, message.args) == (INSIGHTS.task, (call.call_id,))
    assert message.at == bridge.clock() + FIRST_DELAY


def test_the_time_of_the_last_webhook_is_stored(bridge: Bridge) -> None:
    """The time of the last webhook is stored for ``/readyz``."""
    call = bridge.dial()
    bridge.process(call)
    assert bridge.services.counters.last_saw("webhook") is None
    bridge.transcribed(call)
    bridge.drain()
    assert bridge.services.counters.last_saw("webhook") == bridge.clock()


def test_a_repeated_event_puts_nothing_off(bridge: Bridge) -> None:
    """A repeated webhook is noted as ignored, and publishes nothing."""
    call = bridge.dial()
    bridge.process(call)
    bridge.transcribed(call)
    bridge.drain()
    due_at = bridge.call(call).due_at
    bridge.published.messages.clear()
    bridge.clock.wait(seconds=20)
    bridge.transcribed(call)
    bridge.drain()
    found = bridge.call(call)
    assert (found.due_at, whats(found)[-1]) == (due_at, "event.ignored")
    assert bridge.published.messages == []


@pytest.mark.parametrize(
    ("kind", "shown", "slug"),
    [
        (TRANSCRIPT_READY, FOREIGN, "parked.unknown_engagement"),
        (UPDATED, FOREIGN, "ignored.not_ours"),
        ("v1.engagement.deleted", FOREIGN, "ignored.not_ours"),
        (CREATED, FOREIGN, "ignored.unknown_event"),
        ("v1.contact.created", {"object": "contact", "id": "c_1"}, "ignored.unknown_event"),
        ("v2.engagement.exploded", FOREIGN, "ignored.unknown_event"),
        (UPDATED, {"id": "../../etc"}, "ignored.unknown_event"),
        (None, None, "ignored.unknown_event"),
    ],
)
def test_an_event_that_is_about_none_of_our_calls_is_recorded_as_such(
    bridge: Bridge, kind: str | None, shown: object, slug: str
) -> None:
    """A webhook about an unknown engagement is counted, with its outcome recorded."""
    entry = bridge.receive_raw(_event(kind, shown), "askelephant")
    bridge.drain()
    assert bridge.services.inbox.outcome(entry) == slug
    assert bridge.counted(f"events.{slug}") == 1
    assert bridge.services.inbox.backlog().waiting == 0


@pytest.mark.parametrize("what", ["updated", "deleted"])
def test_a_change_of_our_engagement_is_noted_on_its_call(bridge: Bridge, what: str) -> None:
    """A change of an engagement is noted on its call, whose state stays."""
    call = bridge.dial()
    before = bridge.process(call)
    entry = bridge.transcribed(call, f"v1.engagement.{what}")
    bridge.drain()
    found = bridge.call(call)
    assert found.state is before.state
    assert whats(found) == [*whats(before), f"engagement.{what}"]
    assert bridge.services.inbox.outcome(entry) is None


def test_a_note_is_written_by_the_engagements_id_only(bridge: Bridge) -> None:
    """A change is noted by engagement id only, because several calls may share a link."""
    call = bridge.dial("error-before-commit.9")
    bridge.receive(call)
    bridge.drain()
    bridge.work(until=lambda: len(bridge.requests()) == 1)
    before = bridge.call(call)
    shown = {"id": "ngmt_99", "external_url": before.external_url}
    entry = bridge.receive_raw(_event("v1.engagement.deleted", shown), "askelephant")
    bridge.drain()
    assert bridge.call(call) == before
    assert bridge.services.inbox.outcome(entry) == "ignored.not_ours"


def test_an_event_before_the_response_finds_its_call_by_the_link(bridge: Bridge) -> None:
    """A webhook before the POST's response finds its call by the link."""
    call = _ready(bridge)
    entries: list[str] = []

    def during_request() -> None:
        entries.append(bridge.transcribed(call))
        bridge.drain()
        assert bridge.call(call).state is State.RECORDED

    bridge.use_transport(InterruptedTransport(during_request))
    submit.submit(bridge.services, [call.call_id])
    assert _is_transcribed(bridge, call, entries[0])
    found = bridge.call(call)
    assert found.due_at == bridge.clock() + FIRST_DELAY
    assert found.insights.deadline is not None


def test_an_early_event_without_a_link_is_parked_until_the_response(bridge: Bridge) -> None:
    """An early webhook without a link is parked until the response is saved."""
    call = _ready(bridge, "sparse-answers")
    entries: list[str] = []

    def during_request() -> None:
        entries.append(bridge.transcribed(call))
        bridge.drain()
        assert bridge.services.inbox.outcome(entries[0]) == "parked.unknown_engagement"

    bridge.use_transport(InterruptedTransport(during_request))
    submit.submit(bridge.services, [call.call_id])
    assert _is_transcribed(bridge, call, entries[0])


def test_an_early_event_whose_link_two_calls_share_is_parked(bridge: Bridge) -> None:
    """An early webhook whose link two calls share is parked until the response is saved."""
    bridge.change_settings(external_url_template="crm://contact/{contact_id}")
    other = bridge.dial("error-before-commit", lead_id="ct_1")
    call = bridge.dial(lead_id="ct_1")
    for one in (other, call):
        bridge.receive(one)
    bridge.drain()
    bridge.clock.wait(seconds=2)
    submit.submit(bridge.services, [other.call_id])
    entries: list[str] = []

    def during_request() -> None:
        entries.append(bridge.transcribed(call))
        bridge.drain()

    bridge.use_transport(InterruptedTransport(during_request))
    submit.submit(bridge.services, [call.call_id])
    assert bridge.services.inbox.outcome(entries[0]) == "parked.unknown_engagement"
    assert _is_transcribed(bridge, call, entries[0])
    assert bridge.call(other).state is State.RECORDED


@pytest.mark.parametrize("parks_first", [True, False])
def test_parking_and_the_response_work_in_either_order(
    bridge: Bridge, *, parks_first: bool
) -> None:
    """A parked webhook is found whether the response is saved before or after the parking.

    The response is saved between the webhook's two lookups.
    """
    call = _ready(bridge, "sparse-answers")

    class Racing(Lookup):
        def park(self, engagement_id: str, entry: str, keep: timedelta) -> None:
            if parks_first:
                super().park(engagement_id, entry, keep)
            submit.submit(bridge.services, [call.call_id])
            if not parks_first:
                super().park(engagement_id, entry, keep)

    link = f"wavv://call/{quote(call.call_id, safe='')}"
    bridge.sandbox.submit(f"wavv-call-{call.call_id}", external_url=link)
    entry = bridge.transcribed(call)
    services = bridge.services
    racing = replace(services, lookup=Racing(services.redis, services.keys, services.calls))
    assert events.drain(racing) == 1
    assert _is_transcribed(bridge, call, entry)
    assert bridge.services.inbox.outcome(entry) is None
    bridge.work()
    bridge.sweep_for(minutes=2)
    assert bridge.call(call).state is State.COMPLETE


def test_an_event_between_the_save_and_the_look_for_parked_ones_moves_the_call_once(
    bridge: Bridge,
) -> None:
    """A webhook between the save and the search for parked ones is processed once."""
    call = _ready(bridge)
    entries: list[str] = []

    class Racing(Lookup):
        def parked_many(self, engagement_ids: Sequence[str]) -> Mapping[str, str]:
            entries.append(bridge.transcribed(call))
            bridge.drain()
            return super().parked_many(engagement_ids)

    services = bridge.services
    racing = replace(services, lookup=Racing(services.redis, services.keys, services.calls))
    submit.submit(racing, [call.call_id])
    assert _is_transcribed(bridge, call, entries[0])
    assert whats(bridge.call(call)).count("transcript.ready") == 1


def test_a_parked_event_is_not_kept_for_ever(bridge: Bridge) -> None:
    """A parked webhook is deleted when raw events are."""
    bridge.change_settings(event_retention_days=2)
    bridge.receive_raw(_event(TRANSCRIPT_READY, FOREIGN), "askelephant")
    bridge.drain()
    left = bridge.services.redis.ttl(bridge.services.keys.parked("ngmt_99"))
    assert timedelta(days=1) < timedelta(seconds=left) <= timedelta(days=2)


def test_a_transcript_of_a_call_that_was_forgotten_makes_no_call(bridge: Bridge) -> None:
    """A transcript webhook of a deleted call creates no call."""
    call = bridge.dial()
    bridge.process(call)
    entry = bridge.transcribed(call)
    bridge.services.redis.delete(bridge.services.keys.call(call.call_id))
    bridge.drain()
    assert bridge.services.calls.load(call.call_id) is None
    assert bridge.services.inbox.outcome(entry) == "parked.unknown_engagement"
    assert bridge.services.inbox.backlog().waiting == 0
