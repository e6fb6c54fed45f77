"""All parts of the bridge without Celery, on a real Valkey, against a sandbox over real HTTP.

The clock stands still until the test moves it. Published tasks are recorded, and run when the test
calls ``work``.
"""

import json
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Self

import httpx
import pytest
from structlog.testing import capture_logs

from bridge.askelephant.client import ElephantClient
from bridge.broker.publisher import DRAIN, publish_next
from bridge.domain.call import Call, Kind, State
from bridge.domain.events import Event
from bridge.domain.machine import advance
from bridge.domain.policy import Policy
from bridge.domain.steps import EXPIRE, INSIGHTS, STEPS, SUBMIT
from bridge.pipeline import events, insights, record, submit, sweep
from bridge.services import Services, build_services, elephant_options
from bridge.simulator.askelephant.event import TRANSCRIPT_READY, make_event
from bridge.simulator.wavv.channels import delivery
from bridge.simulator.wavv.samples import SampleCall, sample_call
from config import Settings
from tests.support.recording_publisher import Clock, Message, Published
from tests.support.sandbox import Sandbox
from tests.support.store import age_entries, put_event

ALL_KINDS = (Kind.STARTED, Kind.ENDED, Kind.RECORDED)
MOST_TASKS = 500
SWEEPS_APART = timedelta(seconds=30)

WORK: dict[str, Callable[[Services, Sequence[str]], list[Call]]] = {
    SUBMIT.task: submit.submit,
    INSIGHTS.task: insights.fetch,
    EXPIRE.task: sweep.expire,
}


@dataclass
class Bridge:
    """A bridge without Celery, its sandbox, its clock and its log."""

    services_at_start: Services
    sandbox: Sandbox
    clock: Clock
    published: Published
    logs: list[MutableMapping[str, Any]]
    dialled: int = 0

    def __post_init__(self) -> None:
        self.services = self.services_at_start

    def as_new(self) -> Self:
        """Delete all data and undo all changes; return the bridge.

        The clock starts at the real time, because Redis stamps the entries of the inbox.
        """
        self.close()
        self.services = self.services_at_start
        for key in self.services.redis.scan_iter(self.services.keys.of("*"), count=1000):
            self.services.redis.delete(key)
        self.sandbox.reset()
        self.clock.time = datetime.now(UTC)
        self.published.messages.clear()
        self.logs.clear()
        self.dialled = 0
        return self

    def close(self) -> None:
        """Close the connections of services that a change of settings made."""
        if self.services is not self.services_at_start:
            _close(self.services)

    def dial(self, behaviour: str = "", **changes: Any) -> SampleCall:  # noqa: ANN401 - any field of a call
        """Return a new call of WAVV; ``behaviour`` is one of the sandbox's behaviours."""
        self.dialled += 1
        call = sample_call(Random(self.dialled), self.clock(), behaviour)  # noqa: S311 - same each time
        return replace(call, **changes)

    def receive(self, call: SampleCall, *kinds: Kind, **data: object) -> list[str]:
        """Put the call's events, by default all three, into the inbox; return their entries."""
        return [
            self.receive_raw(event_body(call, kind, **data), "wavv")
            for kind in (kinds or ALL_KINDS)
        ]

    def receive_raw(self, raw: bytes, source: str, key: str | None = None) -> str:
        """Put an event into the inbox as the ingress does; return its entry."""
        return put_event(self.services.redis, self.services.keys, raw, source, key)

    def age(self, *entries: str) -> None:
        """Make claimed entries look old enough to be claimed by another worker."""
        age_entries(self.services.redis, self.services.keys, *entries)

    def drain(self) -> None:
        """Process all events that can be claimed."""
        while events.drain(self.services):
            pass

    def sweep(self) -> int:
        """Run one sweep."""
        return sweep.sweep(self.services)

    def work(self, by: datetime | None = None, until: Callable[[], bool] = lambda: False) -> None:
        """Run the published tasks in order of time and move the clock, until no task is left.

        Stops before the first task after ``by``, or when ``until`` returns true.
        """
        for _ in range(MOST_TASKS):
            message = self.published.first()
            if message is None or (by is not None and message.at > by) or until():
                return
            self.published.messages.remove(message)
            self.clock.time = max(self.clock.time, message.at)
            self.run(message)
        raise AssertionError("the bridge does not come to rest")

    def run(self, message: Message) -> None:
        """Run one task as a worker does."""
        if message.task == DRAIN:
            self.drain()
            return
        self.sandbox.settled()
        saved = WORK[message.task](self.services, message.args)
        limit = self.services.policy.countdown_limit
        publish_next(self.services.publisher, saved, self.clock(), limit)

    def process(self, call: SampleCall, *kinds: Kind, **data: object) -> Call:
        """Receive the call's events, and run all tasks that follow; return the record."""
        self.receive(call, *kinds, **data)
        self.drain()
        self.work()
        return self.call(call)

    def completed(self) -> SampleCall:
        """Return a new call that is complete."""
        call = self.dial()
        self.process(call)
        self.transcribed(call)
        self.drain()
        self.work()
        assert self.call(call).state is State.COMPLETE
        return call

    def sweep_for(self, **duration: float) -> None:
        """Move the clock by a duration, with a sweep every 30 seconds and the workers running.

        Sweeps that would find nothing are left out, because a day has thousands of them.
        """
        end = self.clock() + timedelta(**duration)
        while self.clock() < end:
            idle = self._next_due(end) - self.clock()
            idle_sweeps = max(timedelta(0), idle) // SWEEPS_APART
            following = min(self.clock() + (idle_sweeps + 1) * SWEEPS_APART, end)
            self.work(by=following)
            self.clock.time = following
            self.sweep()
        self.work(by=end)

    def _next_due(self, end: datetime) -> datetime:
        """Return the time of the next event, message, due call or retirement; at most ``end``."""
        if self.services.inbox.backlog().waiting:
            return self.clock()
        redis, keys, message = self.services.redis, self.services.keys, self.published.first()
        moments = [end] if message is None else [end, message.at]
        for key in (keys.retire, *map(keys.due, STEPS)):
            first: Any = redis.zrange(key, 0, 0, withscores=True)
            moments += [datetime.fromtimestamp(score, UTC) for _, score in first]
        return min(moments)

    def transcribed(self, call: SampleCall, kind: str = TRANSCRIPT_READY) -> str:
        """Put AskElephant's webhook for the call's engagement into the inbox; return its entry."""
        return self.receive_raw(self.event_of(call, kind), "askelephant")

    def event_of(self, call: SampleCall, kind: str = TRANSCRIPT_READY) -> bytes:
        """Return AskElephant's webhook for the call's engagement, from the sandbox's journal."""
        made = self.sandbox.settled()["engagements"]
        (shown,) = [one for one in made if one["external_id"] == f"wavv-call-{call.call_id}"]
        hidden = ("external_id", "behaviours", "request", "action_items", "signals")
        face = {key: value for key, value in shown.items() if key not in hidden}
        return make_event(kind, face, "", "wrks_1", self.clock()).body.encode()

    def call(self, call: SampleCall) -> Call:
        """Return the record of the call."""
        found = self.services.calls.load(call.call_id)
        assert found is not None
        return found

    def insights(self, call: SampleCall) -> dict[str, Any]:
        """Return the stored insights of the call."""
        return self.services.calls.insights(self.call(call))

    def counted(self, name: str) -> int:
        """Return the counter of this name, or 0."""
        return self.services.counters.all().get(name, 0)

    def requests(self, method: str = "POST") -> list[dict[str, Any]]:
        """Return the requests of this method that reached the sandbox."""
        return [one for one in self.sandbox.settled()["requests"] if one["method"] == method]

    def bodies(self) -> list[dict[str, Any]]:
        """Return the request bodies of the engagements that the sandbox made."""
        return [one["request"] for one in self.sandbox.settled()["engagements"]]

    def logged(self, event: str) -> list[MutableMapping[str, Any]]:
        """Return the log lines with this event name."""
        return [line for line in self.logs if line["event"] == event]

    def change_settings(self, **changes: object) -> None:
        """Change settings: replace the services, on the same data, clock and publisher."""
        self.close()
        changed = self.services.settings.model_dump() | changes
        self.services = _services(changed, self.clock, self.published)

    def change_policy(self, **changes: object) -> None:
        """Change fields of the policy, and nothing else."""
        names = {"transcript_poll_after": "poll_after"}
        renamed: Any = {names.get(name, name): value for name, value in changes.items()}
        self.services = replace(self.services, policy=replace(self.services.policy, **renamed))

    def use_transport(self, transport: httpx.AsyncBaseTransport) -> None:
        """Send all requests to AskElephant through ``transport``."""
        elephant = ElephantClient(elephant_options(self.services.settings), transport=transport)
        self.close()
        self.services = replace(self.services, elephant=elephant)


def whats(call: Call) -> list[str]:
    """Return the slugs of the call's timeline."""
    return [entry.what for entry in call.timeline]


def event_body(call: SampleCall, kind: Kind, **data: object) -> bytes:
    """Return the body of WAVV's event with these fields of its data changed (``None``: null)."""
    body = json.loads(delivery(call, kind).body)
    body["data"] |= data
    return json.dumps(body).encode()


def break_on(patch: pytest.MonkeyPatch, broken: str, error: Exception | None = None) -> None:
    """Make the state machine raise ``error`` for events of the call with this id."""

    def breaking(call: Call, event: Event, now: datetime, policy: Policy) -> Call:
        if call.call_id == broken:
            raise error or ZeroDivisionError("a bug of ours")
        return advance(call, event, now, policy)

    patch.setattr(record, "advance", breaking)


@contextmanager
def running_bridge(sandbox: Sandbox, **settings: object) -> Iterator[Bridge]:
    """Make a bridge for a module of tests; ``as_new`` resets it for each test."""
    clock = Clock(datetime.now(UTC))
    published = Published(clock)
    reach = {"askelephant_base_url": sandbox.base_url, "askelephant_api_key": sandbox.token}
    services = _services(reach | settings, clock, published)
    with capture_logs() as logs:
        bridge = Bridge(services, sandbox, clock, published, logs)
        yield bridge
        bridge.close()
    _close(services)


def _close(services: Services) -> None:
    services.elephant.close()
    services.redis.close()
    if services.wavv is not None:
        services.wavv.close()


def _services(settings: dict[str, Any], clock: Clock, published: Published) -> Services:
    services = build_services(Settings.model_validate(settings), published)
    return replace(services, now=clock, jitter=lambda: 0.0, forget_by=lambda now, _: now)
