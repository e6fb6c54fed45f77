"""When the store is away, frozen, full or forgetful: nothing unstored is ever acknowledged."""

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

SOON = 10.0
"""WAVV waits no longer for an answer, Svix 15 s."""


@pytest.fixture
def web(valkey: Valkey) -> Iterator[Web]:
    """Run a web process on it that has stored one event already."""
    with running_web(valkey.url) as running:
        assert running.wavv(event(0)).status_code == 202
        yield running


def refused_soon(web: Web) -> None:
    """Deliver to both webhooks; each must be told to come again, soon."""
    for deliver in (web.wavv, web.elephant):
        begun = time.monotonic()
        answer = deliver(ENDED)
        assert time.monotonic() - begun < SOON
        assert "end this event again" in problem_in(answer, 503, "store_unavailable")
        assert int(answer.headers["retry-after"]) > 0


def test_without_redis_the_answer_is_503_until_it_is_back(valkey: Valkey, web: Web) -> None:
    """Soon, with Retry-After; afterwards as if nothing had been, though Redis lost the script."""
    valkey.stop()
    refused_soon(web)
    assert web.client.get("/livez").status_code == 200
    valkey.start()
    assert web.wavv(ENDED).status_code == 202
    assert web.stored() == [event(0), ENDED]


def test_without_redis_a_stranger_is_still_a_stranger(valkey: Valkey, web: Web) -> None:
    """Counting is best effort, and never in the way of an answer."""
    valkey.stop()
    begun = time.monotonic()
    answer = web.client.post(WAVV, content=ENDED, headers=JSON)
    problem_in(answer, 401, "signature_missing")
    assert time.monotonic() - begun < SOON


def test_without_redis_the_api_answers_503(valkey: Valkey, web: Web) -> None:
    """As a problem that tells to try again."""
    valkey.stop()
    for path in ("/api/calls", "/api/calls/call-1", "/api/stats", "/metrics"):
        answer = web.get(path)
        problem_in(answer, 503, "store_unavailable")
        assert int(answer.headers["retry-after"]) > 0


def test_a_frozen_redis_hangs_nobody(valkey: Valkey, web: Web) -> None:
    """Its connections stay open and nothing comes back, as after a NAT has forgotten them."""
    with valkey.frozen():
        refused_soon(web)
    assert web.wavv(ENDED).status_code == 202
    assert ENDED in web.stored()


def test_a_frozen_redis_hangs_no_crowd(valkey: Valkey, web: Web) -> None:
    """Those who wait behind a batch that failed do not wait for failures of their own."""
    bodies = [event(number) for number in range(600)]
    with valkey.frozen():
        begun = time.monotonic()
        assert post_all_at_once(web, bodies) == {503: 600}
        assert time.monotonic() - begun < SOON
    assert post_all_at_once(web, bodies) == {202: 600}
    assert sorted(web.stored()) == sorted({event(0), *bodies})


def test_a_forgotten_script_is_loaded_again(valkey: Valkey, web: Web) -> None:
    """As after a failover; the events of that moment are stored, once."""
    bodies = [event(number) for number in range(50)]
    valkey.redis.script_flush()
    assert post_all_at_once(web, bodies) == {202: 50}
    assert sorted(web.stored()) == sorted(bodies)


@pytest.mark.parametrize("limit", ["maxmemory", "min-replicas-to-write"])
def test_a_redis_that_takes_no_write_is_answered_503_until_it_does(
    valkey: Valkey, web: Web, limit: str
) -> None:
    """One that is full throws nothing away, one that no replica follows keeps nothing to itself.

    Rather a 503 than an event that is lost.
    """
    valkey.redis.config_set(limit, "1")
    refused_soon(web)
    valkey.redis.config_set(limit, "0")
    assert web.wavv(ENDED).status_code == 202
    assert web.stored() == [event(0), ENDED]
