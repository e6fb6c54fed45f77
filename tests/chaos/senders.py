"""WAVV, as it sends: every event until it is acknowledged, many at a time."""

import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from bridge.domain.call import Kind
from bridge.simulator.wavv.delivery import Auth, by_signature
from bridge.simulator.wavv.sender import post
from tests.chaos.plan import PlannedCall, Told

THREADS = 32
PATIENCE = 10.0
"""Seconds after which WAVV takes an event for undelivered."""
PAUSES = (0.2, 0.5, 1.0, 2.0)
"""Seconds before each further try; the last one again and again."""
GIVES_UP_AFTER = 180.0


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An event that was answered with 202, ``at`` seconds of the monotonic clock."""

    call_id: str
    kind: Kind
    raw: bytes
    at: float


@dataclass
class Senders:
    """Sends a plan. ``step`` is how many seconds WAVV's clock is off."""

    url: str
    secret: str
    acknowledged: list[Acknowledged] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)
    answers: list[tuple[float, int | None, float]] = field(default_factory=list)
    """Of every try: when it was made, its status (``None`` = no answer), how long it took."""
    step: float = 0.0
    _done: threading.Event = field(default_factory=threading.Event)

    def start(self, plan: Iterable[PlannedCall]) -> None:
        """Begin to send, in the background."""
        thread = threading.Thread(target=self._send_all, args=(list(plan),), daemon=True)
        thread.start()

    @property
    def is_done(self) -> bool:
        """Whether every event was acknowledged, or given up."""
        return self._done.is_set()

    def slowest(self) -> float:
        """Return the seconds that the slowest answer took."""
        return max((took for _, _, took in self.answers), default=0.0)

    def refused(self) -> int:
        """Return how many tries were not acknowledged."""
        return sum(status != 202 for _, status, _ in self.answers)

    def answered_since(self, moment: float) -> set[int | None]:
        """Return the statuses of all tries since a ``moment`` of the monotonic clock."""
        return {status for begun, status, _ in self.answers if begun >= moment}

    def _send_all(self, plan: list[PlannedCall]) -> None:
        begun = time.monotonic()
        events = sorted(
            ((event, one.call_id) for one in plan for event in one.events),
            key=lambda pair: pair[0].at,
        )
        proof = by_signature(self.secret, lambda: time.time() + self.step)
        with (
            httpx.Client(timeout=PATIENCE, trust_env=False) as client,
            ThreadPoolExecutor(THREADS) as pool,
        ):
            for event, call_id in events:
                time.sleep(max(0.0, begun + event.at - time.monotonic()))
                pool.submit(self._until_acknowledged, event, call_id, proof, client)
        self._done.set()

    def _until_acknowledged(
        self, event: Told, call_id: str, proof: Auth, client: httpx.Client
    ) -> None:
        begun, tries = time.monotonic(), 0
        while not self._try(event, call_id, proof, client):
            if time.monotonic() - begun > GIVES_UP_AFTER:
                self.unsent.append(call_id)
                return
            time.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
            tries += 1

    def _try(self, event: Told, call_id: str, proof: Auth, client: httpx.Client) -> bool:
        begun = time.monotonic()
        answer = post(event.delivery, self.url, proof, client)
        ended = time.monotonic()
        self.answers.append((begun, answer.status, ended - begun))
        if answer.is_accepted:
            self.acknowledged.append(Acknowledged(call_id, event.kind, event.delivery.body, ended))
        return answer.is_accepted
