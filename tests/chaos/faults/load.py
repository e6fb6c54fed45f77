"""Faults of load: AskElephant is slow while calls keep coming, or other events come in a flood."""

import json
import time
import uuid
from collections.abc import Iterator
from urllib.parse import quote

from bridge.store.keys import Keys
from bridge.store.lua import script
from tests.chaos.evidence import FLOOD
from tests.chaos.fixture import Fault, Fixture
from tests.chaos.stage import NAMESPACE, WORKERS, Needs
from tests.chaos.waiting import LONGEST
from tests.support.bridge_client import unknown_event
from tests.support.stack import SCALE

SLOW, SLOWISH = 25.0, 5.0
"""Seconds that AskElephant takes for a submission, and later for any request."""

VISIBLE_WITHIN = 10.0
"""Seconds from an event to its effect, while submissions take ``SLOW``: an idle machine needs one
tenth of a second, and a bridge whose threads all wait for AskElephant needs up to ``SLOW``.
"""

AT_LEAST_SUBMITTED = 3
EVENTS_OF_EACH_CALL, LEAST_EVENTS = 270, 30_000
"""Events of the flood: 81,000 for 300 calls. Fewer than the least are handled in no time."""

CHUNK = 1000
REMEMBERED, PENDING_SECONDS = 600, 1
"""Seconds: how long the inbox recognises an event, and how long a wake-up is valid."""

DUE = 4
"""So many plain calls are due at least when the flood comes, if there are as many."""

UNHURRIED, FLOOD_SHARE = 7.0, 0.75
"""Calls that are due go on within so many seconds, or in this share of the flood's time."""

FLOODED_WITHIN = 300.0


def slow_down(fixture: Fixture) -> None:
    """Let submissions take very long, with one worker: its places are taken, all else goes on."""
    late = fixture.stage.stop(WORKERS[1])
    fixture.expect(not late, f"{WORKERS[1]} did not end in time")
    fixture.wait_for_moment(4)
    while _submitted(fixture) < AT_LEAST_SUBMITTED and not fixture.senders.is_done:
        fixture.pause(0.1)
    fault: dict[str, object] = {"method": "POST", "delay": SLOW / SCALE}
    fixture.stage.sandbox.control("faults", fault).raise_for_status()
    begun, fetched, swept = time.monotonic(), _fetches(fixture), _last_sweep(fixture)
    slowest = 0.0
    while time.monotonic() < begun + SLOW:
        slowest = max(slowest, _seconds_until_visible(fixture))
        fixture.pause(0.2)
    fixture.noted.append(f"the slowest event became visible after {slowest:.1f} s")
    fixture.noted.append(f"{_in_flight(fixture)} submissions in flight at the end")
    fixture.promise(slowest <= VISIBLE_WITHIN, f"an event became visible after {slowest:.1f} s")
    fixture.expect(_fetches(fixture) > fetched, "no insights were fetched meanwhile")
    fixture.promise(_last_sweep(fixture) != swept, "no sweep ended meanwhile")
    fixture.stage.sandbox.control("faults", {"delay": SLOWISH / SCALE}).raise_for_status()
    fixture.pause(2 * SLOWISH)
    fixture.stage.sandbox.control("faults")
    fixture.stage.start(WORKERS[1])


def flood(fixture: Fixture) -> None:
    """Put many events of no known call into the inbox, while calls wait for their next try."""
    fixture.wait_for_moment(2)
    fixture.stage.sandbox.control("faults", {"status": 503})
    while len(due := _due(fixture)) < DUE and not fixture.senders.is_done:
        fixture.pause(0.1)
    count = max(LEAST_EVENTS, EVENTS_OF_EACH_CALL * len(fixture.plan))
    before, begun = _ignored(fixture), time.monotonic()
    _pour(fixture, count)
    fixture.stage.sandbox.control("faults")
    left, went_on, handled = due, 0.0, 0.0
    while (left or not handled) and time.monotonic() < begun + FLOODED_WITHIN:
        is_handled = not fixture.ask("/api/stats")["inbox"]["waiting"]
        left = {one: state for one, state in left.items() if _state(fixture, one) == state}
        now = time.monotonic() - begun
        handled = handled or (now if is_handled else 0.0)
        went_on = went_on or (0.0 if left else now)
        fixture.pause(0.2)
    fixture.noted.append(f"{count} events were handled after {handled:.1f} s")
    fixture.noted.append(f"{len(due)} calls were due, all went on after {went_on:.1f} s")
    fixture.expect(due, "no call was due")
    fixture.promise(_ignored(fixture) - before >= count, "not every event was handled")
    fixture.promise(not left, f"{len(left)} calls that were due did not go on")
    most = min(LONGEST, max(UNHURRIED, FLOOD_SHARE * handled))
    fixture.promise(went_on <= most, f"calls that were due went on after {went_on:.1f} s")


def _seconds_until_visible(fixture: Fixture) -> float:
    """Return how long an event of no known call takes until it is counted."""
    before, begun = _ignored(fixture), time.monotonic()
    fixture.stage.bridge.post(unknown_event())
    while _ignored(fixture) == before and time.monotonic() < begun + 2 * SLOW:
        fixture.pause(0.05)
    return time.monotonic() - begun


def _due(fixture: Fixture) -> dict[str, str]:
    """Return the calls whose next request is to be repeated, and their states.

    None that anything befalls. What AskElephant's webhooks are waited for is none of them: these
    come behind the flood.
    """
    plain = {one.call_id for one in fixture.plan if not one.behaviour}
    return {
        call["call_id"]: state
        for state in ("recorded", "transcribed")
        for call in fixture.ask(f"/api/calls?state={state}&limit=200")["data"]
        if call["call_id"] in plain
    }


def _state(fixture: Fixture, call_id: str) -> str:
    return str(fixture.ask(f"/api/calls/{quote(call_id, safe='')}")["state"])


def _ignored(fixture: Fixture) -> int:
    """Return how many events of no known kind were handled so far."""
    return int(fixture.ask("/api/stats")["counters"].get("events.ignored.unknown_event", 0))


def _pour(fixture: Fixture, count: int) -> None:
    """Store the events as the ingress does, without its HTTP: 80,000 requests are not the fault."""
    keys, redis = Keys(NAMESPACE), fixture.stage.redis
    add = redis.register_script(script("add_events"))
    for first in range(0, count, CHUNK):
        ids = [str(uuid.uuid4()) for _ in range(min(CHUNK, count - first))]
        add(
            keys=[
                keys.inbox,
                keys.counters,
                keys.wakeup_pending,
                *(keys.seen("wavv", one) for one in ids),
            ],
            args=[REMEMBERED, PENDING_SECONDS, *_fields(ids)],
        )


def _fields(ids: list[str]) -> Iterator[str | float]:
    for one in ids:
        body = json.dumps({"event": "call.transferred", "data": {"id": one}})
        yield from ("wavv", body, time.time(), FLOOD)


def _submitted(fixture: Fixture) -> int:
    return len(fixture.stage.sandbox.journal()["engagements"])


def _in_flight(fixture: Fixture) -> int:
    return sum(
        one["method"] == "POST" and one["answered_at"] is None
        for one in fixture.stage.sandbox.journal()["requests"]
    )


def _fetches(fixture: Fixture) -> int:
    return sum(one["method"] == "GET" for one in fixture.stage.sandbox.journal()["requests"])


def _last_sweep(fixture: Fixture) -> str:
    checks = fixture.stage.bridge.readiness()["checks"]
    return str(checks["sweep"])


FAULTS = (
    Fault(
        "slow-askelephant",
        "25 seconds for each submission, then 5 for each request, with one worker",
        slow_down,
        Needs(settings=(("BRIDGE_ASKELEPHANT_TIMEOUT", "40"),)),
        keeps_answers=True,
        bounds_waiting=True,
    ),
    Fault(
        "event-flood",
        "80,000 events of no known call at once",
        flood,
        keeps_answers=True,
        bounds_waiting=True,
    ),
)
