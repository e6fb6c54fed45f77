"""The web process in a thread, on a real Valkey, with a publisher that records tasks.

Signatures are made from the vendors' descriptions, without the bridge's code.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx
from redis.exceptions import RedisError

from bridge.asgi.connection import Connection
from bridge.services import Services, build_services
from bridge.store.refusal import REFUSAL
from bridge.web.app import build_app, with_ingress
from config import Settings
from tests.support.sandbox import WAIT, serving

WAVV, ELEPHANT = "/webhooks/wavv", "/webhooks/askelephant"
WAVV_SECRET = "whsec_wavv-secret-one"
SVIX_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TOKEN = "token-one-which-nobody-finds-by-guessing"
API_KEY = "sk-apik_1.not-a-real-key"
ENDED = b'{"event": "call.ended", "data": {"id": "call-1"}}'
JSON = {"Content-Type": "application/json"}
SECRETS = (WAVV_SECRET, SVIX_SECRET, TOKEN, API_KEY)

DEFAULTS: Mapping[str, object] = {
    "askelephant_api_key": API_KEY,
    "askelephant_webhook_secrets": SVIX_SECRET,
    "wavv_secrets": WAVV_SECRET,
    "api_tokens": TOKEN,
}


@dataclass
class Published:
    """A publisher that records the published tasks."""

    tasks: list[tuple[str, ...]] = field(default_factory=list)

    def publish(self, task: str, *args: str, countdown: float = 0) -> None:  # noqa: ARG002 - the protocol's
        """Record the task."""
        self.tasks.append((task, *args))


@dataclass(frozen=True)
class Web:
    """A running web process, and access to what it stored."""

    services: Services
    published: Published
    client: httpx.Client

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port, for raw sockets."""
        return (self.client.base_url.host, self.client.base_url.port or 0)

    def wavv(self, raw: bytes, **headers: str) -> httpx.Response:
        """Post an event of WAVV with a valid signature."""
        return self.client.post(WAVV, content=raw, headers={**JSON, **signed(raw), **headers})

    def elephant(self, raw: bytes, message_id: str = "msg_1") -> httpx.Response:
        """Post an event of AskElephant with a valid signature."""
        headers = JSON | svix_signed(raw, message_id=message_id)
        return self.client.post(ELEPHANT, content=raw, headers=headers)

    def get(self, path: str, **query: str | int) -> httpx.Response:
        """GET a path of the API with its token."""
        return self.client.get(path, params=query or None, headers=bearer(TOKEN))

    def stored(self) -> list[bytes]:
        """Return the bodies of the events in the inbox."""
        return [raw for source, raw in self._inbox() if source != REFUSAL]

    def refusals(self) -> list[dict[str, Any]]:
        """Return the refusals in the inbox, which workers note on the calls that they name."""
        return [json.loads(raw) for source, raw in self._inbox() if source == REFUSAL]

    def _inbox(self) -> list[tuple[str, bytes]]:
        rows: Any = self.services.redis.xrange(self.services.keys.inbox)
        return [(fields[b"source"].decode(), fields[b"raw"]) for _, fields in rows]

    def refused(self) -> list[tuple[str, str, bytes]]:
        """Return source, reason and body of each refused event that was kept."""
        rows: Any = self.services.redis.xrange(self.services.keys.refused)
        names = (b"source", b"reason")
        return [(*(row[n].decode() for n in names), row[b"raw"]) for _, row in rows]

    def counted(self, name: str) -> int:
        """Return the counter of this name, or 0."""
        return self.services.counters.all().get(name, 0)

    def forget(self) -> "Web":
        """Delete all data, record a sweep that has just ended, and return the same process."""
        for key in self.services.redis.scan_iter(self.services.keys.of("*"), count=1000):
            self.services.redis.delete(key)
        self.published.tasks.clear()
        self.services.counters.saw("sweep", self.services.now())
        return self


def services_for(redis_url: str, changes: Mapping[str, object]) -> Services:
    """Return services in a new namespace; no setting comes from the environment."""
    own = {"redis_url": redis_url, "namespace": f"test-{uuid.uuid4().hex}"}
    return build_services(Settings.model_validate({**DEFAULTS, **own, **changes}), Published())


@contextmanager
def running_web(redis_url: str, /, **changes: object) -> Iterator[Web]:
    """Run the web process with ``changes`` to the settings, after a sweep that has just ended."""
    services = services_for(redis_url, changes)
    assert isinstance(services.publisher, Published)
    with suppress(RedisError):
        services.counters.saw("sweep", services.now())
    with (
        serving(with_ingress(build_app(services, redis_url)), Connection) as root,
        httpx.Client(base_url=root, timeout=WAIT, trust_env=False) as client,
    ):
        yield Web(services, services.publisher, client)
    services.redis.close()


def signed(raw: bytes, secret: str = WAVV_SECRET, at: float | None = None) -> dict[str, str]:
    """Return the header with WAVV's signature of ``raw``; the whole secret is the key."""
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.digest(secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256)
    return {"X-WAVV-Signature": f"t={stamp},v1={digest.hex()}"}


def svix_signed(
    raw: bytes,
    secret: str = SVIX_SECRET,
    at: float | None = None,
    message_id: str = "msg_1",
    family: str = "svix",
) -> dict[str, str]:
    """Return the three headers of Svix's signature of ``raw``."""
    stamp = str(int(time.time() if at is None else at))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{message_id}.{stamp}.".encode() + raw, hashlib.sha256)
    signature = f"v1,{base64.b64encode(digest).decode()}"
    parts = {"id": message_id, "timestamp": stamp, "signature": signature}
    return {f"{family}-{name}": value for name, value in parts.items()}


def sent(headers: Mapping[str, str]) -> httpx.Headers:
    """Return the headers of a JSON delivery; values may hold any UTF-8, as hostile ones do."""
    return httpx.Headers({**JSON, **headers}, encoding="utf-8")


def bearer(token: str) -> dict[str, str]:
    """Return the header with an API token."""
    return {"Authorization": f"Bearer {token}"}


def problem_in(response: httpx.Response, status: int, reason: str) -> str:
    """Check that the response is this problem and has no secrets; return its detail."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    shown = {key: body[key] for key in ("type", "title", "status", "reason")}
    title = HTTPStatus(status).phrase
    assert shown == {"type": "about:blank", "title": title, "status": status, "reason": reason}
    assert body["detail"]
    assert not [secret for secret in SECRETS if secret.removeprefix("whsec_") in response.text]
    return str(body["detail"])


def event(number: int) -> bytes:
    """Return the event of the call with this number."""
    return json.dumps({"event": "call.ended", "data": {"id": f"call-{number}"}}).encode()


def event_request(raw: bytes) -> bytes:
    """Return a whole HTTP request that delivers an event."""
    lines = [f"POST {WAVV} HTTP/1.1", "Host: bridge", f"Content-Length: {len(raw)}"]
    lines += [f"{name}: {value}" for name, value in (JSON | signed(raw)).items()]
    return "\r\n".join([*lines, "", ""]).encode() + raw


def post_all_at_once(web: Web, bodies: Iterable[bytes]) -> Counter[int]:
    """Post all bodies at the same time, each on its own connection; count the statuses."""

    async def deliver(raw: bytes) -> int:
        reader, writer = await asyncio.open_connection(*web.address)
        writer.write(event_request(raw))
        status = (await reader.readline()).split()[1]
        writer.close()
        await writer.wait_closed()
        return int(status)

    async def deliver_all() -> list[int]:
        return await asyncio.gather(*map(deliver, bodies))

    return Counter(asyncio.run(deliver_all()))
