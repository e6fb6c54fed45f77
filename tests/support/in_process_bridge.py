"""A bridge without Celery: its services on a real Valkey, against a sandbox over real HTTP.

The clock stands still until a test moves it. What the services publish is written down, and done in
its order when the test says so.
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
from bridge.domain.call import Call, Kind
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
    """A bridge, the world around it, and what tests do to both."""

    services_at_start: Services
    sandbox: Sandbox
    clock: Clock
    published: Published
    logs: list[MutableMapping[str, Any]]
    dialled: int = 0

    def __post_init__(self) -> None:
        self.services = self.services_at_start

    def as_new(self) -> Self:
        """Forget every call and all changes; return the bridge.

        Its clock starts at the real time, for the inbox has the server's own stamps.
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
        """Close the connections that a change of the settings has opened."""
        if self.services is not self.services_at_start:
            _close(self.services)

    def dial(self, behaviour: str = "", **changes: Any) -> SampleCall:  # noqa: ANN401 - any field of a call
        """Return a new call of WAVV's; ``behaviour`` is the sandbox's (see its docstring)."""
        self.dialled += 1
        call = sample_call(Random(self.dialled), self.clock(), behaviour)  # noqa: S311 - same each time
        return replace(call, **changes)

    def tell(self, call: SampleCall, *kinds: Kind, **data: object) -> list[str]:
        """Put the call's events, by default all three, into the inbox; return their entries."""
        return [self.hear(event_body(call, kind, **data), "wavv") for kind in (kinds or ALL_KINDS)]

    def hear(self, raw: bytes, source: str, key: str | None = None) -> str:
        """Put an event into the inbox as the ingress does; return its entry."""
        return put_event(self.services.redis, self.services.keys, raw, source, key)

    def age(self, *entries: str) -> None:
        """Make events that were taken look abandoned."""
        age_entries(self.services.redis, self.services.keys, *entries)

    def drain(self) -> None:
        """Handle all events that can be taken."""
        while events.drain(self.services):
            pass

    def sweep(self) -> int:
        """Sweep once."""
        return sweep.sweep(self.services)

    def work(self, by: datetime | None = None, until: Callable[[], bool] = lambda: False) -> None:
        """Run what was published as workers would, moving the clock, until nothing is left.

        Stops before what is due after ``by``, or when ``until`` says so.
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
        """Run one task, as a worker would."""
        if message.task == DRAIN:
            self.drain()
            return
        self.sandbox.settled()
        saved = WORK[message.task](self.services, message.args)
        limit = self.services.policy.countdown_limit
        publish_next(self.services.publisher, saved, self.clock(), limit)

    def go(self, call: SampleCall, *kinds: Kind, **data: object) -> Call:
        """Tell of the call, and work until nothing is left; return it."""
        self.tell(call, *kinds, **data)
        self.drain()
        self.work()
        return self.call(call)

    def sweep_for(self, **duration: float) -> None:
        """Let time pass with the workers running, and a sweep every half minute.

        Sweeps that would find nothing are left out: a day has thousands of them.
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
        """Return when an event, a message, a call or forgetting is due next; at most ``end``."""
        if self.services.inbox.backlog().waiting:
            return self.clock()
        redis, keys, message = self.services.redis, self.services.keys, self.published.first()
        moments = [end] if message is None else [end, message.at]
        for key in (keys.retire, *map(keys.due, STEPS)):
            first: Any = redis.zrange(key, 0, 0, withscores=True)
            moments += [datetime.fromtimestamp(score, UTC) for _, score in first]
        return min(moments)

    def transcribed(self, call: SampleCall, kind: str = TRANSCRIPT_READY) -> str:
        """Put AskElephant's event of the call's engagement into the inbox; return its entry."""
        return self.hear(self.event_of(call, kind), "askelephant")

    def event_of(self, call: SampleCall, kind: str = TRANSCRIPT_READY) -> bytes:
        """Return AskElephant's event of the call's engagement, as it stands in the sandbox."""
        made = self.sandbox.settled()["engagements"]
        (shown,) = [one for one in made if one["external_id"] == f"wavv-call-{call.call_id}"]
        hidden = ("external_id", "behaviours", "request", "action_items", "signals")
        face = {key: value for key, value in shown.items() if key not in hidden}
        return make_event(kind, face, "", "wrks_1", self.clock()).body.encode()

    def call(self, call: SampleCall) -> Call:
        """Return the record."""
        found = self.services.calls.load(call.call_id)
        assert found is not None
        return found

    def insights(self, call: SampleCall) -> dict[str, Any]:
        """Return what was fetched."""
        return self.services.calls.insights(self.call(call))

    def counted(self, name: str) -> int:
        """Return a counter."""
        return self.services.counters.all().get(name, 0)

    def requests(self, method: str = "POST") -> list[dict[str, Any]]:
        """Return the requests that reached the sandbox."""
        return [one for one in self.sandbox.settled()["requests"] if one["method"] == method]

    def bodies(self) -> list[dict[str, Any]]:
        """Return the bodies of the engagements that the sandbox made."""
        return [one["request"] for one in self.sandbox.settled()["engagements"]]

    def logged(self, event: str) -> list[MutableMapping[str, Any]]:
        """Return the log lines of this name."""
        return [line for line in self.logs if line["event"] == event]

    def change_settings(self, **changes: object) -> None:
        """Start the bridge afresh with other settings, on the same data, clock and publisher."""
        self.close()
        changed = self.services.settings.model_dump() | changes
        self.services = _services(changed, self.clock, self.published)

    def change_policy(self, **changes: object) -> None:
        """Change the waits of the policy, and nothing else."""
        names = {"transcript_poll_after": "poll_after"}
        renamed: Any = {names.get(name, name): value for name, value in changes.items()}
        self.services = replace(self.services, policy=replace(self.services.policy, **renamed))

    def speak_through(self, transport: httpx.AsyncBaseTransport) -> None:
        """Send all requests to AskElephant through ``transport``."""
        elephant = ElephantClient(elephant_options(self.services.settings), transport=transport)
        self.close()
        self.services = replace(self.services, elephant=elephant)


def whats(call: Call) -> list[str]:
    """Return the slugs of the timeline."""
    return [entry.what for entry in call.timeline]


def event_body(call: SampleCall, kind: Kind, **data: object) -> bytes:
    """Return WAVV's event with these keys of its data changed; ``None`` is a null."""
    body = json.loads(delivery(call, kind).body)
    body["data"] |= data
    return json.dumps(body).encode()


def break_on(patch: pytest.MonkeyPatch, broken: str, error: Exception | None = None) -> None:
    """Let the state machine break on events of the call with this id."""

    def breaking(call: Call, event: Event, now: datetime, policy: Policy) -> Call:
        if call.call_id == broken:
            raise error or ZeroDivisionError("a bug of ours")
        return advance(call, event, now, policy)

    patch.setattr(record, "advance", breaking)


@contextmanager
def running_bridge(sandbox: Sandbox, **settings: object) -> Iterator[Bridge]:
    """Put a bridge together, for one test after another (see ``as_new``)."""
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
