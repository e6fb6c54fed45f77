"""When each source of events was last received and last refused, and the warnings of readiness."""

from datetime import timedelta

import pytest

from bridge.store.sources import HOUR, RECEIVED, REFUSALS_KEPT, hour
from tests.support.store import NOW, Store
from tests.support.web_process import ENDED, WAVV, Web, running_web, sent, signed

STRANGE = "whsec_of-another-endpoint"


def refuse(web: Web, times: int) -> None:
    """Send events that are signed with a wrong secret."""
    for _ in range(times):
        assert web.client.post(WAVV, content=ENDED, headers=sent(signed(ENDED, STRANGE))).is_error


def warnings(web: Web) -> list[str]:
    """Return the warnings of readiness."""
    found: list[str] = web.client.get("/readyz").json()["warnings"]
    return found


def test_the_last_event_of_each_source_is_stored_with_the_events(store: Store) -> None:
    """Also that of a duplicate; a source that was not heard has no time."""
    store.post(ENDED, key="1")
    store.redis.delete(store.keys.signs)
    store.post(ENDED, key="1")
    found = store.sources.all(NOW)
    assert found["wavv"].received_at == NOW
    assert found["askelephant"].received_at is None
    assert (found["wavv"].refused_at, found["wavv"].refused_reason) == (None, None)


def test_refused_events_are_counted_for_this_hour_and_the_one_before(store: Store) -> None:
    """Older ones are not; each source has its own numbers."""
    for hours, reason, number in ((0, "too_large", 1), (1, "too_large", 2), (2, "not_json", 4)):
        store.redis.hset(
            store.keys.refusals("wavv", hour((NOW - hours * HOUR).timestamp())), reason, number
        )
    store.redis.hset(
        store.keys.refusals("askelephant", hour((NOW - HOUR).timestamp())), "bad_signature", 8
    )
    found = store.sources.all(NOW)
    assert found["wavv"].refusals == {"too_large": 3}
    assert found["askelephant"].refusals == {"bad_signature": 8}


def test_statistics_show_what_came_of_each_source(web: Web) -> None:
    """The times of the last accepted and the last refused event, with the reason."""
    before = web.services.now() - timedelta(seconds=1)
    web.wavv(ENDED)
    refuse(web, 1)
    web.elephant(b"null")
    sources = web.get("/api/stats").json()["sources"]
    wavv, askelephant = sources["wavv"], sources["askelephant"]
    assert min(wavv["received_at"], wavv["refused_at"]) > before.isoformat()
    assert wavv["refused_reason"] == "signature_mismatch"
    assert askelephant["received_at"] is None
    assert askelephant["refused_reason"] == "not_an_object"
    metrics = web.client.get("/metrics").text
    assert 'bridge_event_last_seconds{source="wavv"} ' in metrics
    assert 'bridge_event_last_seconds{source="askelephant"}' not in metrics


def test_only_refused_events_are_a_warning_with_the_commonest_reason(web: Web) -> None:
    """30 deliveries with a wrong secret name it; the counters of the hour expire."""
    assert web.client.post(WAVV, content=ENDED, headers=sent({})).status_code == 401
    refuse(web, 30)
    (warning,) = warnings(web)
    assert warning.startswith("wavv_events: no event was accepted in the last hour")
    assert "30 of 31 have the reason signature_mismatch (a wrong secret, or a proxy" in warning
    (counted,) = web.services.redis.keys(web.services.keys.refusals("wavv", "*"))
    assert 0 < web.services.redis.ttl(counted) <= REFUSALS_KEPT.total_seconds()


def test_a_reason_of_a_newer_version_is_shown_without_its_meaning(web: Web) -> None:
    """Two versions may run on one Redis during an update."""
    refuse(web, 1)
    newer = web.services.keys.refusals("wavv", hour(web.services.now().timestamp()))
    web.services.redis.hset(newer, "reason_of_a_newer_version", 9)
    (warning,) = warnings(web)
    assert warning.endswith("9 of 10 have the reason reason_of_a_newer_version")


@pytest.mark.parametrize("accepted_before", [timedelta(0), timedelta(minutes=61)])
def test_an_accepted_event_of_the_last_hour_ends_the_warning(
    web: Web, accepted_before: timedelta
) -> None:
    """Refused events beside accepted ones, such as a stranger's, are no warning."""
    refuse(web, 1)
    web.wavv(ENDED)
    received_at = (web.services.now() - accepted_before).timestamp()
    web.services.redis.hset(web.services.keys.signs, f"{RECEIVED}wavv", received_at)
    assert bool(warnings(web)) is bool(accepted_before)


@pytest.mark.parametrize(
    ("minutes", "counted", "warned"), [(59, False, False), (61, False, True), (61, True, False)]
)
def test_a_source_that_was_never_heard_is_a_warning_after_an_hour(
    web: Web,
    minutes: int,
    counted: bool,  # noqa: FBT001 - a row of a table
    warned: bool,  # noqa: FBT001 - a row of a table
) -> None:
    """The oldest stored event is that old; an earlier version of the bridge only counted events."""
    redis, keys = web.services.redis, web.services.keys
    first = web.services.now() - timedelta(minutes=minutes)
    redis.xadd(keys.inbox, {"source": "wavv", "raw": ENDED}, id=f"{first.timestamp() * 1000:.0f}-1")
    if counted:
        redis.hset(keys.counters, "events.received.askelephant", 1)
    found = [one for one in warnings(web) if one.startswith("askelephant_events: none ever came")]
    assert len(found) == warned


def test_an_event_that_gets_503_is_not_refused(valkey_url: str) -> None:
    """Its sender retries it, and a failing Redis gets no further load."""
    with running_web(valkey_url, wavv_secrets="") as web:
        assert web.wavv(ENDED).status_code == 503
        assert web.services.sources.all(web.services.now())["wavv"].refused_at is None
