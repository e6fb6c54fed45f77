"""A client of AskElephant for tests: what it sends, and what came back."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bridge.askelephant.client import ElephantClient, ElephantOptions, Outcome
from bridge.askelephant.models import Engagement
from bridge.domain.engagement import EngagementRequest, Participant
from bridge.domain.retry import Failure
from tests.support.sandbox import Sandbox

ALICE = Participant(name="Alice Smith", email="alice@dialer.example", is_owner=True)
JANE = Participant(name="Jane Doe", email="jane@customer.example", phone="+14155550100")
STRANGER = Participant(name="Bob", email="bob@unknown.example", is_owner=True)


@dataclass(frozen=True)
class OneByOne:
    """A client whose batches have one request each."""

    client: ElephantClient

    def create(self, request: EngagementRequest) -> Outcome:
        """Submit one call."""
        return only(self.client.create([request]))

    def read(self, engagement_id: str) -> Outcome:
        """Read one engagement."""
        return only(self.client.read([engagement_id]))


def only(groups: Iterable[list[tuple[int, Outcome]]]) -> Outcome:
    """Return the outcome of a batch of one."""
    ((place, outcome),) = [one for group in groups for one in group]
    assert place == 0
    return outcome


@contextmanager
def open_client(sandbox: Sandbox, **options: Any) -> Iterator[OneByOne]:  # noqa: ANN401 - options
    """Open a client of the sandbox, with its key."""
    reach = {"base_url": sandbox.base_url, "api_key": sandbox.token} | options
    client = ElephantClient(ElephantOptions(**reach))
    yield OneByOne(client)
    client.close()


def request_for(external_id: str = "wavv-call-1", **changes: Any) -> EngagementRequest:  # noqa: ANN401 - fields
    """Return a request that is accepted."""
    body: dict[str, Any] = {
        "title": "Call with Jane Doe",
        "external_id": external_id,
        "media_url": "https://recordings.example.com/1.mp3",
        "external_url": "wavv://call/1",
        "run_workflows": True,
        "participants": (ALICE, JANE),
    }
    return EngagementRequest(**body | changes)


def made(outcome: Engagement | Failure) -> Engagement:
    """Return the outcome, which must be an engagement."""
    assert isinstance(outcome, Engagement)
    return outcome


def failed(outcome: Engagement | Failure) -> Failure:
    """Return the outcome, which must be a failure."""
    assert isinstance(outcome, Failure)
    return outcome
