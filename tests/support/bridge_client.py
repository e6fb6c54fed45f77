"""An HTTP client of the bridge: it posts WAVV's events and reads the API."""

import json
import time
import uuid
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from bridge.domain.call import RESTING, Kind
from bridge.simulator.wavv.channels import Channel, delivery
from bridge.simulator.wavv.delivery import PATH, Auth, Delivery, by_signature
from bridge.simulator.wavv.samples import SampleCall
from bridge.simulator.wavv.sender import Outcome, post
from tests.support.waiting import WITHIN, wait_for

Json = dict[str, Any]
ALL = (Kind.STARTED, Kind.ENDED, Kind.RECORDED)


class Bridge:
    """A client of one web process."""

    def __init__(self, url: str, wavv_secret: str, api_token: str) -> None:
        self.url = url
        self.proof: Auth = by_signature(wavv_secret, time.time)
        self._token = api_token
        self.http = httpx.Client(base_url=url, timeout=WITHIN, trust_env=False)

    def post(self, one: Delivery, proof: Auth | None = None) -> Outcome:
        """Post one delivery, signed as WAVV does unless another ``proof`` is given."""
        return post(one, self.url, proof or self.proof, self.http)

    def deliver(self, deliveries: Iterable[Delivery]) -> None:
        """Post deliveries, each of which must be accepted."""
        for one in deliveries:
            response = self.post(one)
            assert response.status == 202, f"{response.status}: {response.detail}"

    def send_call(
        self, call: SampleCall, kinds: Sequence[Kind] = ALL, channel: Channel = "v3"
    ) -> SampleCall:
        """Post the call's events in the order of ``kinds``; return the call."""
        self.deliver(delivery(call, kind, channel) for kind in kinds)
        return call

    def get(self, path: str) -> httpx.Response:
        """GET a path of the API."""
        return self.http.get(path, headers={"Authorization": f"Bearer {self._token}"})

    def call(self, call_id: str) -> Json:
        """Return the call as the API shows it, or ``{}`` while the API responds with 404."""
        response = self.get(f"/api/calls/{quote(call_id, safe='')}")
        return {} if response.status_code == 404 else _json(response)

    def replay(self, call_id: str) -> None:
        """Replay a call through the API."""
        headers = {"Authorization": f"Bearer {self._token}"}
        path = f"/api/calls/{quote(call_id, safe='')}/replay"
        assert self.http.post(path, headers=headers).status_code == 202

    def stats(self) -> Json:
        """Return the response of ``/api/stats``."""
        return _json(self.get("/api/stats"))

    def counted(self, name: str) -> int:
        """Return the counter of this name, or 0."""
        return int(self.stats()["counters"].get(name, 0))

    def readiness(self) -> Json:
        """Return the body of ``/readyz``."""
        found: Json = self.http.get("/readyz").json()
        return found

    def warnings(self) -> list[str]:
        """Return the warnings of ``/readyz``."""
        return list(self.readiness().get("warnings", []))

    def reaches(self, call: SampleCall, state: str, within: float = WITHIN) -> Json:
        """Wait until the call is in ``state``; fail at once if it ends in another state."""
        seen = wait_for(
            lambda: self.call(call.call_id),
            lambda seen: seen.get("state") in {state, *RESTING},
            f"{call.call_id} becomes {state}",
            within,
        )
        assert seen["state"] == state, seen
        return seen

    def rests(self, call: SampleCall, within: float = WITHIN) -> Json:
        """Wait until the call is in one of the final states."""
        return wait_for(
            lambda: self.call(call.call_id),
            lambda seen: seen.get("state") in RESTING,
            f"{call.call_id} comes to rest",
            within,
        )


def unknown_event() -> Delivery:
    """Return an event of a type that the bridge does not know."""
    body = {"event": "call.transferred", "data": {"id": str(uuid.uuid4())}}
    return Delivery(PATH, json.dumps(body).encode())


def happened(call: Json) -> list[str]:
    """Return the slugs of the call's timeline in order."""
    return [entry["what"] for entry in call["timeline"]]


def entries(call: Json, what: str) -> list[Json]:
    """Return the timeline entries with this slug."""
    return [entry for entry in call["timeline"] if entry["what"] == what]


def _json(response: httpx.Response) -> Json:
    assert response.status_code == 200, f"{response.status_code}: {response.text}"
    found: Json = response.json()
    return found
