"""Faults of AskElephant: unreachable, failing, slow, invalid, throttling, refusing the key."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bridge.simulator.askelephant.options import DEFAULT_KEY, SCOPES
from bridge.store.keys import Keys
from tests.chaos.due_times import bring_forward
from tests.chaos.fixture import Fault, Fixture
from tests.chaos.plan import Recipe
from tests.chaos.stack import NAMESPACE, SETTINGS, Needs

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
"""Refusals in a row that start the hold of a step."""

IN_FLIGHT = 2.0
"""Seconds for the responses to requests that were sent before the hold started."""
NEEDED = ("engagements:read", "engagements:write")


def refuse(fixture: Fixture) -> None:
    """Refuse connections for 8 to 12 seconds."""
    link = fixture.stack.elephant_link
    assert link is not None
    fixture.wait_for_moment(2)
    link.refuse()
    fixture.pause(*LONG)
    link.accept()


def fail(**fault: object) -> Callable[[Fixture], None]:
    """Return a function that sets a fault of the sandbox for the whole API."""

    def inject(fixture: Fixture) -> None:
        fixture.wait_for_moment(2)
        before = _requests(fixture)
        fixture.stack.sandbox.control("faults", fault).raise_for_status()
        fixture.pause(*LONG)
        fixture.stack.sandbox.control("faults")
        fixture.expect(_requests(fixture) > before, "no request met the fault")

    return inject


def put_gateway_before(fixture: Fixture) -> None:
    """Respond to all requests as a gateway without a backend, with each kind of body in turn.

    No call may fail for a response that is not AskElephant's.
    """
    fixture.wait_for_moment(2)
    before, failed = _requests(fixture), _unplanned_failures(fixture)
    for body in fixture.rng.sample(GATEWAY_BODIES, len(GATEWAY_BODIES)):
        fixture.stack.sandbox.control("faults", {"status": 404, "gateway": body}).raise_for_status()
        fixture.pause(4, 6)
    fixture.stack.sandbox.control("faults")
    fixture.expect(_requests(fixture) > before, "no request met the gateway")
    fixture.require(_unplanned_failures(fixture) <= failed, "calls failed for a gateway's 404")


def throttle(fixture: Fixture) -> None:
    """Respond with 429 to all requests, with every form of ``Retry-After`` in turn."""
    for storm in fixture.rng.sample(STORMS, len(STORMS)):
        fixture.wait_for_moment(len(STORMS))
        fixture.stack.sandbox.control("faults", {"status": 429, **storm})
        fixture.pause(1, 4)
        fixture.stack.sandbox.control("faults")


def throttle_for_an_hour(fixture: Fixture) -> None:
    """Respond with a ``Retry-After`` of an hour and check that no request is sent.

    Then the hour passes in the store.
    """
    fixture.wait_for_moment(2)
    fixture.stack.sandbox.control(
        "faults", {"status": 429, "retry_after": int(HOUR.total_seconds())}
    )
    fixture.pause(*LONG)
    fixture.stack.sandbox.control("faults")
    sent = _requests(fixture)
    fixture.pause(IN_FLIGHT)
    fixture.require(_requests(fixture) == sent, "requests were sent within the hour")
    hold = fixture.get("/api/stats")["hold"] or {}
    fixture.require(hold.get("reason") == "throttled", f"the hold is {hold}")
    while not fixture.senders.is_done or fixture.stack.bridge.stats()["inbox"]["waiting"]:
        fixture.pause(0.2)
    bring_forward(fixture.stack.redis, Keys(NAMESPACE), HOUR)


def revoke_key(fixture: Fixture) -> None:
    """Refuse the key with 401, then accept it again."""
    _refuse_key(fixture, {"revoked": True}, 401, PROBE_INTERVAL)


def remove_scope(fixture: Fixture) -> None:
    """Refuse one scope with 403, then allow it again.

    The hold of one step sends probes twice as often, since other calls of the step may succeed.
    """
    scopes = sorted(SCOPES - {fixture.rng.choice(NEEDED)})
    _refuse_key(fixture, {"scopes": scopes}, 403, PROBE_INTERVAL / 2)


def _refuse_key(
    fixture: Fixture, change: Mapping[str, object], status: int, interval: float
) -> None:
    """Check that probes keep their interval and that no call fails for the refused key."""
    fixture.wait_for_moment(2)
    fixture.stack.sandbox.control("keys", {"id": DEFAULT_KEY.id, **change})
    fixture.pause(IN_FLIGHT)
    failed, begun = _unplanned_failures(fixture), time.time()
    fixture.pause(*LONG)
    held = time.time() - begun
    since = datetime.fromtimestamp(begun, UTC)
    probes = sum(
        request["status"] == status and datetime.fromisoformat(request["at"]) >= since
        for request in fixture.stack.sandbox.journal()["requests"]
    )
    fixture.require(_unplanned_failures(fixture) <= failed, "calls failed for a refused key")
    accepted = {"id": DEFAULT_KEY.id, "revoked": False, "scopes": sorted(SCOPES)}
    fixture.stack.sandbox.control("keys", accepted)
    # One request may have been in flight at the start. With faults of the network at the same time,
    # the refusals that start a hold may be lost, although the sandbox has counted them.
    most = held / interval + (2 if fixture.is_alone else 2 + REFUSALS_LOST)
    fixture.noted.append(f"{probes} probes in {held:.1f} s")
    fixture.expect(probes, "no probe was sent")
    fixture.require(probes <= most, f"{probes} probes in {held:.1f} s, {most:.1f} are allowed")


def _unplanned_failures(fixture: Fixture) -> int:
    failed = fixture.get("/api/calls?state=failed&limit=200")["data"]
    expected = {planned.call_id for planned in fixture.plan if planned.state == "failed"}
    return sum(call["call_id"] not in expected for call in failed)


def _requests(fixture: Fixture) -> int:
    return len(fixture.stack.sandbox.journal()["requests"])


OUTAGES = (
    Fault(
        "askelephant-refused",
        "connections refused for long",
        refuse,
        Needs(elephant_link=True),
    ),
    Fault("askelephant-500", "500 for everything", fail(status=500), keeps_responses=True),
    Fault("askelephant-hanging", "no response", fail(hang=True), keeps_responses=True),
    Fault("askelephant-500-after-commit", "done, then 500", fail(spoil="error")),
    Fault("askelephant-reset", "done, then the connection breaks", fail(spoil="reset")),
    Fault("askelephant-drip", "done, then a byte now and then", fail(spoil="drip")),
    Fault("askelephant-garbage", "done, then a 200 that is no JSON", fail(spoil="garbage")),
    Fault("askelephant-content-type", "done, then a page of HTML", fail(spoil="html")),
    Fault("askelephant-huge", "done, then 10 MB", fail(spoil="huge")),
    Fault(
        "gateway-404",
        "404 of a gateway before AskElephant",
        put_gateway_before,
        recipe=Recipe(troubles=("html-404.3", "read-html-404.5")),
        keeps_responses=True,
    ),
    Fault("throttled", "429 with every form of Retry-After", throttle, keeps_responses=True),
    Fault(
        "throttled-hour",
        "429 with a Retry-After of an hour",
        throttle_for_an_hour,
        keeps_responses=True,
    ),
    Fault("key-revoked", "401 for everything, then accepted", revoke_key, keeps_responses=True),
    Fault("scope-missing", "403 for a scope, then accepted", remove_scope, keeps_responses=True),
)
FAULTS = tuple(replace(fault, bounds_waiting=True) for fault in OUTAGES)
"""After each of these faults the calls that waited for AskElephant continue at once."""
