"""Faults of AskElephant: away, failing, slow, talking nonsense, throttling, refusing the key."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.simulator.askelephant.options import DEFAULT_KEY, SCOPES
from bridge.store.keys import Keys
from tests.chaos.fixture import Fault, Fixture
from tests.chaos.plan import Recipe
from tests.chaos.stage import NAMESPACE, SETTINGS, Needs
from tests.chaos.time_travel import travel
from tests.support.bridge_client import Json

LONG = (8.0, 12.0)
HOUR = timedelta(hours=1)
STORMS: tuple[Mapping[str, object], ...] = (
    {"retry_after": 2},
    {"retry_date": 3},
    {"retry_after": "in a little while"},
    {},
)
GATEWAY_BODIES = ("html", "json", "empty")
PROBE_INTERVAL = float(SETTINGS["BRIDGE_PROBE_INTERVAL"])
REFUSALS_LOST = 3
"""As many calls in a row as start the hold of a step."""

IN_FLIGHT = 2.0
"""Seconds in which requests that had left before the hold started are answered."""
NEEDED = ("engagements:read", "engagements:write")


def refuse(fixture: Fixture) -> None:
    """Refuse connections for long."""
    link = fixture.stage.elephant_link
    assert link is not None
    fixture.wait_for_moment(2)
    link.refuse()
    fixture.pause(*LONG)
    link.accept()


def fail(**fault: object) -> Callable[[Fixture], None]:
    """Return what puts the whole API into a fault of the sandbox for long."""

    def befall(fixture: Fixture) -> None:
        fixture.wait_for_moment(2)
        before = _requests(fixture)
        fixture.stage.sandbox.control("faults", fault).raise_for_status()
        fixture.pause(*LONG)
        fixture.stage.sandbox.control("faults")
        fixture.expect(_requests(fixture) > before, "no request met the fault")

    return befall


def stand_before(fixture: Fixture) -> None:
    """Let a gateway without a backend respond to all, with each kind of body in turn.

    No call may fail for what AskElephant has not said.
    """
    fixture.wait_for_moment(2)
    before, failed = _requests(fixture), _unplanned_failures(fixture)
    for body in fixture.rng.sample(GATEWAY_BODIES, len(GATEWAY_BODIES)):
        fixture.stage.sandbox.control("faults", {"status": 404, "gateway": body}).raise_for_status()
        fixture.pause(4, 6)
    fixture.stage.sandbox.control("faults")
    fixture.expect(_requests(fixture) > before, "no request met the gateway")
    fixture.promise(_unplanned_failures(fixture) <= failed, "calls failed for a gateway's 404")


def throttle(fixture: Fixture) -> None:
    """Answer 429 to all, with every form of Retry-After in turn."""
    for storm in fixture.rng.sample(STORMS, len(STORMS)):
        fixture.wait_for_moment(len(STORMS))
        fixture.stage.sandbox.control("faults", {"status": 429, **storm})
        fixture.pause(1, 4)
        fixture.stage.sandbox.control("faults")


def throttle_for_an_hour(fixture: Fixture) -> None:
    """Ask for an hour: nothing is asked meanwhile. Then the hour is made to pass in the store."""
    fixture.wait_for_moment(2)
    fixture.stage.sandbox.control(
        "faults", {"status": 429, "retry_after": int(HOUR.total_seconds())}
    )
    fixture.pause(*LONG)
    fixture.stage.sandbox.control("faults")
    asked = _requests(fixture)
    fixture.pause(IN_FLIGHT)
    fixture.promise(_requests(fixture) == asked, "the hour was not kept")
    hold = fixture.ask("/api/stats")["hold"] or {}
    fixture.promise(hold.get("reason") == "throttled", f"the hold is {hold}")
    while not fixture.senders.is_done or fixture.stage.bridge.stats()["inbox"]["waiting"]:
        fixture.pause(0.2)
    travel(fixture.stage.redis, Keys(NAMESPACE), HOUR)


def revoke_key(fixture: Fixture) -> None:
    """Refuse the key with 401, and take it back."""
    _refuse_key(fixture, {"revoked": True}, 401, PROBE_INTERVAL)


def take_scope(fixture: Fixture) -> None:
    """Refuse with 403 what the key may not do, and allow it again.

    The hold of one step sends probes twice as often: other calls of that step may be served.
    """
    scopes = sorted(SCOPES - {fixture.rng.choice(NEEDED)})
    _refuse_key(fixture, {"scopes": scopes}, 403, PROBE_INTERVAL / 2)


def _refuse_key(
    fixture: Fixture, change: Mapping[str, object], status: int, interval: float
) -> None:
    """Hold the bridge to probing no more than it says, and to failing nothing meanwhile."""
    fixture.wait_for_moment(2)
    fixture.stage.sandbox.control("keys", {"id": DEFAULT_KEY.id, **change})
    fixture.pause(IN_FLIGHT)
    failed, begun = _unplanned_failures(fixture), time.time()
    fixture.pause(*LONG)
    held = time.time() - begun
    probes = _refusals(fixture, status, begun)
    fixture.promise(_unplanned_failures(fixture) <= failed, "calls failed for a refused key")
    mended = {"id": DEFAULT_KEY.id, "revoked": False, "scopes": sorted(SCOPES)}
    fixture.stage.sandbox.control("keys", mended)
    # One request may have been on its way, on a slow connection, at the start. Beside faults of the
    # network the refusals that start a hold are lost, too, each of which the sandbox has counted.
    most = held / interval + (2 if fixture.is_alone else 2 + REFUSALS_LOST)
    fixture.noted.append(f"{probes} probes in {held:.1f} s")
    fixture.expect(probes, "the key was never tried")
    fixture.promise(probes <= most, f"{probes} probes in {held:.1f} s, {most:.1f} are allowed")


def _unplanned_failures(fixture: Fixture) -> int:
    failed = fixture.ask("/api/calls?state=failed&limit=200")["data"]
    planned = {one.call_id for one in fixture.plan if one.state == "failed"}
    return sum(call["call_id"] not in planned for call in failed)


def _refusals(fixture: Fixture, status: int, since: float) -> int:
    seen = fixture.stage.sandbox.journal()["requests"]
    return sum(one["status"] == status and _at(one) >= since for one in seen)


def _at(request: Json) -> float:
    return datetime.fromisoformat(request["at"]).timestamp()


def _requests(fixture: Fixture) -> int:
    return len(fixture.stage.sandbox.journal()["requests"])


OUTAGES = (
    Fault(
        "askelephant-refused",
        "connections refused for long",
        refuse,
        Needs(elephant_link=True),
    ),
    Fault("askelephant-500", "500 for everything", fail(status=500), keeps_answers=True),
    Fault("askelephant-hanging", "no answer at all", fail(hang=True), keeps_answers=True),
    Fault("askelephant-500-after-commit", "done, then 500", fail(spoil="error")),
    Fault("askelephant-reset", "done, then the connection breaks", fail(spoil="reset")),
    Fault("askelephant-drip", "done, then a byte now and then", fail(spoil="drip")),
    Fault("askelephant-garbage", "done, then a 200 that is no JSON", fail(spoil="garbage")),
    Fault("askelephant-content-type", "done, then a page of HTML", fail(spoil="html")),
    Fault("askelephant-huge", "done, then 10 MB", fail(spoil="huge")),
    Fault(
        "gateway-404",
        "404 of a gateway before AskElephant",
        stand_before,
        recipe=Recipe(troubles=("html-404.3", "read-html-404.5")),
        keeps_answers=True,
    ),
    Fault("throttled", "429 with every form of Retry-After", throttle, keeps_answers=True),
    Fault(
        "throttled-hour",
        "429 with a Retry-After of an hour",
        throttle_for_an_hour,
        keeps_answers=True,
    ),
    Fault("key-revoked", "401 for everything, then mended", revoke_key, keeps_answers=True),
    Fault("scope-missing", "403 for a scope, then mended", take_scope, keeps_answers=True),
)
FAULTS = tuple(replace(fault, bounds_waiting=True) for fault in OUTAGES)
"""When AskElephant is back, the calls that waited for it go on at once."""
