"""Metrics in Prometheus' format for calls, steps, events and holds."""

from prometheus_client.parser import text_string_to_metric_families

from bridge.domain.call import State
from bridge.store.hold import Cause
from tests.support.web_process import ENDED, Web

Sample = tuple[str, frozenset[tuple[str, str]]]


def scraped(web: Web) -> dict[Sample, float]:
    """Return every sample by name and labels, as Prometheus reads it."""
    response = web.client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(response.text)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def sample(name: str, **labels: str) -> Sample:
    """Return a sample's key."""
    return (name, frozenset(labels.items()))


def test_every_state_and_step_is_there_from_the_beginning(web: Web) -> None:
    """Every state and step has a sample from the start, with 0."""
    samples = scraped(web)
    states = {sample("bridge_calls", state=state): 0.0 for state in State}
    steps = ("expire", "submit", "insights")
    steps_due = {sample("bridge_steps_overdue", step=step): 0.0 for step in steps}
    assert samples.items() >= (states | steps_due).items()
    assert samples[sample("bridge_inbox_waiting")] == 0.0
    assert samples[sample("bridge_inbox_oldest_seconds")] == 0.0


def test_what_happens_is_counted_under_its_slug(web: Web) -> None:
    """Received, duplicate, refused and waiting events are counted by slug."""
    for raw in (ENDED, ENDED, b"[]"):
        web.wavv(raw)
    samples = scraped(web)
    for slug in ("events.received.wavv", "events.duplicate.wavv", "events.refused.not_an_object"):
        assert samples[sample("bridge_counted_total", what=slug)] == 1.0
    assert samples[sample("bridge_inbox_waiting")] == 1.0
    assert 0.0 <= samples[sample("bridge_inbox_oldest_seconds")] < 60.0


def test_a_hold_is_shown_while_it_lasts(web: Web) -> None:
    """A hold is a sample with its reason; without a hold there is no sample."""
    closed = sample("bridge_requests_held", reason="bad_key")
    assert closed not in scraped(web)
    now = web.services.now()
    web.services.holds.start(Cause("bad_key"), now)
    assert scraped(web)[closed] == 1.0
    web.services.redis.delete(web.services.keys.hold())
    assert closed not in scraped(web)
