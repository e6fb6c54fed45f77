"""``/livez`` and ``/readyz``: what is wrong, and what to do."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from bridge.store.hold import Cause
from bridge.web.app import READINESS_SECONDS
from tests.support.valkey import Valkey
from tests.support.web_process import ENDED, SECRETS, Web, running_web

CHECKS = {
    "askelephant_api_key", "askelephant_webhook_secrets", "wavv_secrets", "redis", "eviction",
    "persistence", "inbox", "askelephant", "askelephant_webhook", "wavv_api", "sweep",
    "wavv_events", "askelephant_events",
}  # fmt: skip


def failing(response: httpx.Response) -> dict[str, str]:
    """Return the failing checks with their details."""
    return {n: c["detail"] for n, c in response.json()["checks"].items() if not c["ok"]}


@pytest.mark.parametrize(
    ("ago", "expected"), [(timedelta(seconds=59), []), (timedelta(seconds=61), ["sweep: last at "])]
)
def test_a_sweep_that_stays_away_is_a_warning(
    web: Web, ago: timedelta, expected: list[str]
) -> None:
    """A missing sweep for three intervals and the grace is a warning."""
    web.services.counters.saw("sweep", web.services.now() - ago)
    response = web.client.get("/readyz")
    assert response.status_code == 200
    warnings = response.json()["warnings"]
    assert [
        warning[: len(start)] for warning, start in zip(warnings, expected, strict=True)
    ] == expected


def test_a_bridge_that_has_all_it_needs_is_ready(web: Web) -> None:
    """A bridge with everything it needs is ready, and no check shows a secret."""
    response = web.client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "ready")
    assert set(response.json()["checks"]) == CHECKS
    assert (failing(response), response.json()["warnings"]) == ({}, [])
    assert not [secret for secret in SECRETS if secret in response.text]


@pytest.mark.parametrize(
    "name", ["askelephant_api_key", "askelephant_webhook_secrets", "wavv_secrets"]
)
def test_a_missing_credential_is_named(valkey_url: str, name: str) -> None:
    """Each missing credential is named with its variable."""
    with running_web(valkey_url, **{name: ""}) as web:
        response = web.client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (503, "not ready")
    assert failing(response) == {name: f"set BRIDGE_{name.upper()}"}


@pytest.mark.parametrize(
    ("setting", "value", "check", "advice"),
    [
        ("maxmemory-policy", "allkeys-lru", "eviction", "set maxmemory-policy noeviction"),
        ("maxmemory-policy", "volatile-ttl", "eviction", "set maxmemory-policy noeviction"),
        ("appendonly", "no", "persistence", "appendonly yes"),
        ("maxmemory", "1", "redis", "has memory left"),
    ],
)
def test_a_misconfigured_redis_is_not_ready(
    valkey: Valkey, setting: str, value: str, check: str, advice: str
) -> None:
    """A misconfigured Redis makes the bridge not ready, because calls could be lost."""
    valkey.redis.config_set("maxmemory", "100mb")
    valkey.redis.config_set(setting, value)
    with running_web(valkey.url) as web:
        response = web.client.get("/readyz")
    assert response.status_code == 503
    assert set(failing(response)) == {check}
    assert advice in failing(response)[check]


def test_an_eviction_policy_without_a_limit_evicts_nothing(valkey: Valkey) -> None:
    """An eviction policy without a memory limit is accepted."""
    valkey.redis.config_set("maxmemory-policy", "allkeys-lru")
    with running_web(valkey.url) as web:
        assert web.client.get("/readyz").status_code == 200


def test_without_redis_the_bridge_is_alive_and_not_ready(valkey: Valkey) -> None:
    """Without Redis the bridge is alive and not ready."""
    with running_web(valkey.url) as web:
        valkey.stop()
        response = web.client.get("/readyz")
        assert response.status_code == 503
        assert "BRIDGE_REDIS_URL" in failing(response)["redis"]
        assert set(response.json()["checks"]) == CHECKS - {
            "eviction", "persistence", "inbox", "askelephant", "askelephant_webhook", "wavv_api",
            "sweep", "wavv_events", "askelephant_events",
        }  # fmt: skip
        assert web.client.get("/livez").json()["status"] == "alive"
        valkey.start()
        assert web.client.get("/readyz").status_code == 200


def test_a_frozen_redis_is_reported_in_time(valkey: Valkey) -> None:
    """A frozen Redis is reported within the time that a load balancer waits."""
    with running_web(valkey.url) as web, valkey.frozen():
        response = web.client.get("/readyz", timeout=2 * READINESS_SECONDS)
        assert response.status_code == 503
        assert "does not respond within 4 s" in failing(response)["redis"]


def test_a_server_that_forbids_config_is_accepted(valkey: Valkey) -> None:
    """A server that forbids CONFIG is accepted, with a detail on what it needs."""
    user = {"commands": ["+@all", "-config"], "keys": ["*"], "channels": ["*"], "nopass": True}
    valkey.redis.acl_setuser("app", enabled=True, **user)  # type: ignore[arg-type]  # many types
    with running_web(valkey.url.replace("://", "://app:any@")) as web:
        response = web.client.get("/readyz")
    assert response.status_code == 200
    details = {name: check["detail"] for name, check in response.json()["checks"].items()}
    assert "must be noeviction" in details["eviction"]
    assert "AOF should be on" in details["persistence"]


def start_hold(web: Web) -> None:
    """Make AskElephant refuse the key."""
    now = web.services.now()
    web.services.holds.start(Cause("bad_key", 401, "the key of Ada Alvarez was refused"), now)


def test_readiness_shows_no_text_of_askelephants(web: Web) -> None:
    """Readiness shows no text of AskElephant, which may name a person."""
    start_hold(web)
    shown = web.client.get("/readyz").text
    assert "Ada" not in shown
    assert "next request at" in shown
    assert "Ada Alvarez" in web.get("/api/hold").text


def silence_webhook(web: Web) -> None:
    """Make the bridge find a transcript by polling, after the last webhook."""
    web.services.counters.saw("webhook", web.services.now() - timedelta(hours=1))
    web.services.counters.saw("poll", web.services.now())


def age_backlog(web: Web) -> None:
    """Make an event wait for six minutes."""
    six_minutes_ago = int((web.services.now() - timedelta(minutes=6)).timestamp() * 1000)
    fields = {"source": "wavv", "raw": ENDED}
    web.services.redis.xadd(web.services.keys.inbox, fields, id=f"{six_minutes_ago}-1")  # type: ignore[arg-type]  # redis-py's invariant dict


@pytest.mark.parametrize(
    ("trouble", "check", "says"),
    [
        (start_hold, "askelephant", "bad_key (HTTP 401)"),
        (silence_webhook, "askelephant_webhook", "Check Settings > Webhooks in AskElephant"),
        (age_backlog, "inbox", "is a worker running?"),
    ],
)
def test_a_trouble_that_loses_nothing_is_only_a_warning(
    web: Web, trouble: Callable[[Web], None], check: str, says: str
) -> None:
    """A trouble in which no event is lost is only a warning."""
    trouble(web)
    response = web.client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "ready")
    (warning,) = response.json()["warnings"]
    assert warning.startswith(f"{check}: ")
    assert says in warning


def test_a_webhook_that_speaks_again_is_no_trouble(web: Web) -> None:
    """A webhook after the last poll ends the warning."""
    silence_webhook(web)
    web.services.counters.saw("webhook", web.services.now() + timedelta(seconds=1))
    assert web.client.get("/readyz").json()["warnings"] == []


@pytest.mark.parametrize(
    ("key", "answered", "warned"),
    [("key", None, True), ("key", -1, True), ("key", 1, False), ("", None, False)],
)
def test_a_refused_wavv_key_is_a_warning_until_it_is_accepted(
    valkey_url: str,
    key: str,
    answered: int | None,
    warned: bool,  # noqa: FBT001 - a row of a table
) -> None:
    """A refused WAVV key is a warning until it is accepted."""
    with running_web(valkey_url, wavv_api_key=key) as web:
        now = web.services.now()
        web.services.counters.saw("wavv_refused", now)
        if answered is not None:
            web.services.counters.saw("wavv_answered", now + timedelta(seconds=answered))
        response = web.client.get("/readyz")
    assert response.status_code == 200
    warnings = [one for one in response.json()["warnings"] if one.startswith("wavv_api: ")]
    assert bool(warnings) is warned
    assert all("check BRIDGE_WAVV_API_KEY" in one for one in warnings)


def test_liveness_needs_no_redis(web: Web) -> None:
    """``/livez`` shows the version and does not connect to Redis."""
    assert web.client.get("/livez").json() == {"status": "alive", "version": "0.1.0"}
