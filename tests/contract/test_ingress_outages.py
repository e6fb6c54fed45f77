"""While Redis is down, frozen or full, no event is acknowledged that was not stored."""

import time
from collections.abc import Iterator

import pytest

from tests.support.valkey import Valkey
from tests.support.web_process import (
    ENDED,
    JSON,
    WAVV,
    Web,
    event,
    post_all_at_once,
    problem_in,
    running_web,
)

SENDERS_WAIT = 10.0
"""WAVV waits 10 seconds for a response, Svix 15."""


@pytest.fixture
def web(valkey: Valkey) -> Iterator[Web]:
    """Run a web process on the test's Valkey, with one event stored."""
    with running_web(valkey.url) as running:
        assert running.wavv(event(0)).status_code == 202
        yield running


def check_refused(web: Web) -> None:
    """Post to both webhooks; each must respond with 503 in time."""
    for deliver in (web.wavv, web.elephant):
        begun = time.monotonic()
        response = deliver(ENDED)
        assert time.monotonic() - begun < SENDERS_WAIT
        assert "end this event again" in problem_in(response, 503, "store_unavailable")
        assert int(response.headers["retry-after"]) > 0


def test_without_redis_events_get_503(valkey: Valkey, web: Web) -> None:
    """Without Redis an event gets 503 with Retry-After; after its return events are stored.

    The restarted server has lost its scripts.
    """
    valkey.stop()
    check_refused(web)
    assert web.client.get("/livez").status_code == 200
    valkey.start()
    assert web.wavv(ENDED).status_code == 202
    assert web.stored() == [event(0), ENDED]


def test_without_redis_a_bad_signature_still_gets_401(valkey: Valkey, web: Web) -> None:
    """Without Redis a bad signature still gets 401."""
    valkey.stop()
    begun = time.monotonic()
    response = web.client.post(WAVV, content=ENDED, headers=JSON)
    problem_in(response, 401, "signature_missing")
    assert time.monotonic() - begun < SENDERS_WAIT


def test_without_redis_the_api_responds_with_503(valkey: Valkey, web: Web) -> None:
    """Without Redis the API responds with 503 as a problem."""
    valkey.stop()
    for path in ("/api/calls", "/api/calls/call-1", "/api/stats", "/metrics"):
        response = web.get(path)
        problem_in(response, 503, "store_unavailable")
        assert int(response.headers["retry-after"]) > 0


def test_a_frozen_redis_gives_503_in_time(valkey: Valkey, web: Web) -> None:
    """A frozen Redis gives 503 in time; its connections stay open without a response."""
    with valkey.frozen():
        check_refused(web)
    assert web.wavv(ENDED).status_code == 202
    assert ENDED in web.stored()


def test_requests_behind_a_failed_batch_fail_at_once(valkey: Valkey, web: Web) -> None:
    """Requests behind a failed batch get 503 at once, not after a timeout each."""
    bodies = [event(number) for number in range(600)]
    with valkey.frozen():
        begun = time.monotonic()
        assert post_all_at_once(web, bodies) == {503: 600}
        assert time.monotonic() - begun < SENDERS_WAIT
    assert post_all_at_once(web, bodies) == {202: 600}
    assert sorted(web.stored()) == sorted({event(0), *bodies})


def test_a_forgotten_script_is_loaded_again(valkey: Valkey, web: Web) -> None:
    """After the script cache was emptied the script is loaded again, and events stored once."""
    bodies = [event(number) for number in range(50)]
    valkey.redis.script_flush()
    assert post_all_at_once(web, bodies) == {202: 50}
    assert sorted(web.stored()) == sorted(bodies)


@pytest.mark.parametrize("limit", ["maxmemory", "min-replicas-to-write"])
def test_a_redis_that_refuses_writes_gives_503(valkey: Valkey, web: Web, limit: str) -> None:
    """A Redis that refuses writes gives 503 until it accepts them, and loses no event."""
    valkey.redis.config_set(limit, "1")
    check_refused(web)
    valkey.redis.config_set(limit, "0")
    assert web.wavv(ENDED).status_code == 202
    assert web.stored() == [event(0), ENDED]
