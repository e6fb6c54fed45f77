"""WAVV's sender: many threads, each of which repeats an event until it is acknowledged."""

import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from bridge.domain.call import Kind
from bridge.simulator.wavv.delivery import Auth, by_signature
from bridge.simulator.wavv.sender import post
from tests.chaos.plan import PlannedCall, PlannedEvent

THREADS = 32
TIMEOUT = 10.0
"""Seconds after which the sender counts an event as undelivered."""
PAUSES = (0.2, 0.5, 1.0, 2.0)
"""Seconds before each retry; the last value is used for all further retries."""
GIVES_UP_AFTER = 180.0


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An event with a 202 response ``at`` this time of the monotonic clock."""

    call_id: str
    kind: Kind
    raw: bytes
    at: float


@dataclass
class Senders:
    """Sends a plan. ``step`` is the number of seconds by which WAVV's clock is off."""

    url: str
    secret: str
    acknowledged: list[Acknowledged] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)
    tries: list[tuple[float, int | None, float]] = field(default_factory=list)
    """Of every try: its start, its status (``None`` = no response), its seconds."""
    step: float = 0.0
    _done: threading.Event = field(default_factory=threading.Event)

    def start(self, plan: Iterable[PlannedCall]) -> None:
        """Start to send in the background."""
        thread = threading.Thread(target=self._send_all, args=(list(plan),), daemon=True)
        thread.start()

    @property
    def is_done(self) -> bool:
        """Whether every event was acknowledged or given up."""
        return self._done.is_set()

    def slowest(self) -> float:
        """Return the seconds of the slowest try."""
        return max((seconds for _, _, seconds in self.tries), default=0.0)

    def refused(self) -> int:
        """Return the number of tries without an acknowledgement."""
        return sum(status != 202 for _, status, _ in self.tries)

    def statuses_since(self, moment: float) -> set[int | None]:
        """Return the statuses of all tries since a ``moment`` of the monotonic clock."""
        return {status for begun, status, _ in self.tries if begun >= moment}

    def _send_all(self, plan: list[PlannedCall]) -> None:
        begun = time.monotonic()
        events = sorted(
            ((event, planned.call_id) for planned in plan for event in planned.events),
            key=lambda pair: pair[0].at,
        )
        proof = by_signature(self.secret, lambda: time.time() + self.step)
        with (
            httpx.Client(timeout=TIMEOUT, trust_env=False) as client,
            ThreadPoolExecutor(THREADS) as pool,
        ):
            for event, call_id in events:
                time.sleep(max(0.0, begun + event.at - time.monotonic()))
                pool.submit(self._until_acknowledged, event, call_id, proof, client)
        self._done.set()

    def _until_acknowledged(
        self, event: PlannedEvent, call_id: str, proof: Auth, client: httpx.Client
    ) -> None:
        begun, count = time.monotonic(), 0
        while not self._try(event, call_id, proof, client):
            if time.monotonic() - begun > GIVES_UP_AFTER:
                self.unsent.append(call_id)
                return
            time.sleep(PAUSES[min(count, len(PAUSES) - 1)])
            count += 1

    def _try(self, event: PlannedEvent, call_id: str, proof: Auth, client: httpx.Client) -> bool:
        begun = time.monotonic()
        result = post(event.delivery, self.url, proof, client)
        ended = time.monotonic()
        self.tries.append((begun, result.status, ended - begun))
        if result.is_accepted:
            self.acknowledged.append(Acknowledged(call_id, event.kind, event.delivery.body, ended))
        return result.is_accepted
