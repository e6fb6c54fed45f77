"""AskElephant's client for tests, on a mock transport or against a running sandbox."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from bridge.askelephant.client import ElephantClient, ElephantOptions, Outcome
from bridge.askelephant.models import Engagement
from bridge.domain.engagement import EngagementRequest, Participant
from bridge.domain.retry import Failure
from tests.support.sandbox import Sandbox

NOW = datetime(2026, 5, 13, 14, 0, tzinfo=UTC)
KEY = "sk-apik_1.secret"
REQUEST = EngagementRequest(
    title="Sales call",
    external_id="wavv-call-1",
    media_url="https://recordings.example.com/1.mp3",
    external_url="wavv://call/1",
    run_workflows=True,
)
ALICE = Participant(name="Alice Smith", email="alice@dialer.example", is_owner=True)
JANE = Participant(name="Jane Doe", email="jane@customer.example", phone="+14155550100")
STRANGER = Participant(name="Bob", email="bob@unknown.example", is_owner=True)

Respond = Callable[[httpx.Request], httpx.Response]
"""Returns the response to a request, in place of AskElephant."""


def engagement(_: httpx.Request) -> httpx.Response:
    """Respond with a new engagement."""
    return httpx.Response(201, json={"id": "ngmt_1", "action_items": [{"id": "ai_1"}]})


def unexpected(_: httpx.Request) -> httpx.Response:
    """Respond with an engagement that no test expects, to show that a request was made."""
    return httpx.Response(200, json={"id": "ngmt_unexpected"})


def mock_client(respond: Respond = engagement, **options: Any) -> ElephantClient:  # noqa: ANN401 - options
    """Return a client whose requests go to ``respond``."""
    chosen = ElephantOptions(**{"api_key": KEY, **options})
    return ElephantClient(chosen, transport=httpx.MockTransport(respond), now=lambda: NOW)


def outcomes(groups: Iterable[list[tuple[int, Outcome]]]) -> list[Outcome]:
    """Return the outcomes of a batch in the order of its requests."""
    placed = [pair for group in groups for pair in group]
    assert sorted(place for place, _ in placed) == list(range(len(placed)))
    return [dict(placed)[place] for place in range(len(placed))]


def created(client: ElephantClient, request: EngagementRequest = REQUEST) -> Outcome:
    """Submit one call; return its outcome."""
    (outcome,) = outcomes(client.create([request]))
    return outcome


def read(client: ElephantClient, engagement_id: str = "ngmt_1") -> Outcome:
    """Read one engagement; return the outcome."""
    (outcome,) = outcomes(client.read([engagement_id]))
    return outcome


def made(outcome: Outcome) -> Engagement:
    """Return the outcome, which must be an engagement."""
    assert isinstance(outcome, Engagement)
    return outcome


def failed(outcome: Outcome) -> Failure:
    """Return the outcome, which must be a failure."""
    assert isinstance(outcome, Failure)
    return outcome


@dataclass(frozen=True)
class OneByOne:
    """A client whose batches have one request each."""

    client: ElephantClient

    def create(self, request: EngagementRequest) -> Outcome:
        """Submit one call."""
        return created(self.client, request)

    def read(self, engagement_id: str) -> Outcome:
        """Read one engagement."""
        return read(self.client, engagement_id)


@contextmanager
def open_client(sandbox: Sandbox, **options: Any) -> Iterator[OneByOne]:  # noqa: ANN401 - options
    """Open a client of the sandbox, with its API key."""
    address = {"base_url": sandbox.base_url, "api_key": sandbox.token} | options
    client = ElephantClient(ElephantOptions(**address))
    yield OneByOne(client)
    client.close()


def request_for(external_id: str = "wavv-call-1", **changes: Any) -> EngagementRequest:  # noqa: ANN401 - fields
    """Return a request that the sandbox accepts, with these fields changed."""
    body: dict[str, Any] = {
        "title": "Call with Jane Doe",
        "external_id": external_id,
        "media_url": "https://recordings.example.com/1.mp3",
        "external_url": "wavv://call/1",
        "run_workflows": True,
        "participants": (ALICE, JANE),
    }
    return EngagementRequest(**body | changes)
