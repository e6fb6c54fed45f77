"""Faults of load: AskElephant is slow while calls keep coming, or very many events come."""

import json
import time
import uuid
from urllib.parse import quote

from bridge.store.keys import Keys
from bridge.store.lua import script
from tests.chaos.evidence import FLOOD
from tests.chaos.faults.processes import submissions_in_flight
from tests.chaos.fixture import Fault, Fixture
from tests.chaos.stack import NAMESPACE, WORKERS, Needs
from tests.chaos.waiting import LONGEST
from tests.support.bridge_client import unknown_event
from tests.support.stack import SCALE

SLOW, SLOWISH = 25.0, 5.0
"""Seconds that AskElephant needs for a submission, and later for any request."""

VISIBLE_WITHIN = 10.0
"""Seconds from an event to its effect while submissions need ``SLOW``.

An idle machine needs 0.1 seconds; a bridge whose threads all wait for AskElephant up to ``SLOW``.
"""

AT_LEAST_SUBMITTED = 3
EVENTS_OF_EACH_CALL, LEAST_EVENTS = 270, 30_000
"""Events of the flood: 81,000 for 300 calls, and at least 30,000."""

CHUNK = 1000
REMEMBERED, PENDING_SECONDS = 600, 1
"""Seconds for which the inbox recognises a repeated event, and for which a wakeup is valid."""

DUE = 4
"""The number of plain calls that must be due before the flood, if the plan has as many."""

UNHURRIED, FLOOD_SHARE = 7.0, 0.75
"""Due calls continue within these seconds, or within this share of the flood's duration."""

FLOODED_WITHIN = 300.0


def slow_down(fixture: Fixture) -> None:
    """Make submissions slow, with one worker: events, fetches and sweeps must continue."""
    late = fixture.stack.stop(WORKERS[1])
    fixture.expect(not late, f"{WORKERS[1]} did not end in time")
    fixture.wait_for_moment(4)
    sandbox = fixture.stack.sandbox
    while len(sandbox.journal()["engagements"]) < AT_LEAST_SUBMITTED:
        if fixture.senders.is_done:
            break
        fixture.pause(0.1)
    fault: dict[str, object] = {"method": "POST", "delay": SLOW / SCALE}
    fixture.stack.sandbox.control("faults", fault).raise_for_status()
    begun, fetched, swept = time.monotonic(), _fetches(fixture), _last_sweep(fixture)
    slowest = 0.0
    while time.monotonic() < begun + SLOW:
        slowest = max(slowest, _seconds_until_visible(fixture))
        fixture.pause(0.2)
    fixture.noted.append(f"the slowest event became visible after {slowest:.1f} s")
    fixture.noted.append(f"{submissions_in_flight(fixture)} submissions in flight at the end")
    fixture.require(slowest <= VISIBLE_WITHIN, f"an event became visible after {slowest:.1f} s")
    fixture.expect(_fetches(fixture) > fetched, "no insights were fetched during the fault")
    fixture.require(_last_sweep(fixture) != swept, "no sweep ended during the fault")
    fixture.stack.sandbox.control("faults", {"delay": SLOWISH / SCALE}).raise_for_status()
    fixture.pause(2 * SLOWISH)
    fixture.stack.sandbox.control("faults")
    fixture.stack.start(WORKERS[1])


def flood(fixture: Fixture) -> None:
    """Store many events of no known call while calls wait for their next request."""
    fixture.wait_for_moment(2)
    fixture.stack.sandbox.control("faults", {"status": 503})
    while len(due := _due(fixture)) < DUE and not fixture.senders.is_done:
        fixture.pause(0.1)
    count = max(LEAST_EVENTS, EVENTS_OF_EACH_CALL * len(fixture.plan))
    before, begun = _ignored(fixture), time.monotonic()
    _store_events(fixture, count)
    fixture.stack.sandbox.control("faults")
    left, went_on, handled = due, 0.0, 0.0
    while (left or not handled) and time.monotonic() < begun + FLOODED_WITHIN:
        is_handled = not fixture.get("/api/stats")["inbox"]["waiting"]
        left = {
            call_id: state
            for call_id, state in left.items()
            if fixture.get(f"/api/calls/{quote(call_id, safe='')}")["state"] == state
        }
        now = time.monotonic() - begun
        handled = handled or (now if is_handled else 0.0)
        went_on = went_on or (0.0 if left else now)
        fixture.pause(0.2)
    fixture.noted.append(f"{count} events were handled after {handled:.1f} s")
    fixture.noted.append(f"{len(due)} calls were due, all went on after {went_on:.1f} s")
    fixture.expect(due, "no call was due")
    fixture.require(_ignored(fixture) - before >= count, "not every event was handled")
    fixture.require(not left, f"{len(left)} calls that were due did not go on")
    most = min(LONGEST, max(UNHURRIED, FLOOD_SHARE * handled))
    fixture.require(went_on <= most, f"calls that were due went on after {went_on:.1f} s")


def _seconds_until_visible(fixture: Fixture) -> float:
    """Return the seconds until an event of no known call is counted."""
    before, begun = _ignored(fixture), time.monotonic()
    fixture.stack.bridge.post(unknown_event())
    while _ignored(fixture) == before and time.monotonic() < begun + 2 * SLOW:
        fixture.pause(0.05)
    return time.monotonic() - begun


def _due(fixture: Fixture) -> dict[str, str]:
    """Return the states of plain calls that wait to repeat a request, by call id.

    Calls that wait for a webhook of AskElephant are not among them: webhooks come after the flood.
    """
    plain = {planned.call_id for planned in fixture.plan if not planned.behaviour}
    return {
        call["call_id"]: state
        for state in ("recorded", "transcribed")
        for call in fixture.get(f"/api/calls?state={state}&limit=200")["data"]
        if call["call_id"] in plain
    }


def _ignored(fixture: Fixture) -> int:
    """Return the number of handled events of an unknown kind."""
    return int(fixture.get("/api/stats")["counters"].get("events.ignored.unknown_event", 0))


def _store_events(fixture: Fixture, count: int) -> None:
    """Store the events as the ingress does, without sending 80,000 HTTP requests."""
    keys, redis = Keys(NAMESPACE), fixture.stack.redis
    add = redis.register_script(script("add_deduplicated_events"))
    for first in range(0, count, CHUNK):
        ids = [str(uuid.uuid4()) for _ in range(min(CHUNK, count - first))]
        fields: list[str | float] = []
        for call_id in ids:
            body = json.dumps({"event": "call.transferred", "data": {"id": call_id}})
            fields += ("wavv", body, time.time(), FLOOD)
        add(
            keys=[
                keys.inbox,
                keys.counters,
                keys.wakeup_pending,
                keys.signs,
                *(keys.seen("wavv", call_id) for call_id in ids),
            ],
            args=[REMEMBERED, PENDING_SECONDS, *fields],
        )


def _fetches(fixture: Fixture) -> int:
    return sum(each["method"] == "GET" for each in fixture.stack.sandbox.journal()["requests"])


def _last_sweep(fixture: Fixture) -> str:
    return str(fixture.stack.bridge.readiness()["checks"]["sweep"])


FAULTS = (
    Fault(
        "slow-askelephant",
        "25 seconds for each submission, then 5 for each request, with one worker",
        slow_down,
        Needs(settings=(("BRIDGE_ASKELEPHANT_TIMEOUT", "40"),)),
        keeps_responses=True,
        bounds_waiting=True,
    ),
    Fault(
        "event-flood",
        "80,000 events of no known call at once",
        flood,
        keeps_responses=True,
        bounds_waiting=True,
    ),
)
