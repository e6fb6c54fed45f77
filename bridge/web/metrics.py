"""Metrics for Prometheus. All are read from Redis, so each web process serves the same values."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bridge.services import Services


class Family(NamedTuple):
    """A metric: its name, its help text, and its label, if it has one."""

    name: str
    help: str
    label: str = ""


CALLS = Family("bridge_calls", "Calls by state", "state")
STEPS_OVERDUE = Family("bridge_steps_overdue", "Calls overdue by step", "step")
INBOX_WAITING = Family("bridge_inbox_waiting", "Events not handled")
INBOX_OLDEST = Family("bridge_inbox_oldest_seconds", "Age of the oldest event not handled")
EVENT_LAST = Family(
    "bridge_event_last_seconds", "Seconds since the source's last event was received", "source"
)
REQUESTS_HELD = Family("bridge_requests_held", "1 while requests to AskElephant are held", "reason")
WORKERS = Family("bridge_workers", "Workers that run")
COUNTED = Family("bridge_counted_total", "Counters by name", "what")
FAMILIES = (
    CALLS,
    STEPS_OVERDUE,
    INBOX_WAITING,
    INBOX_OLDEST,
    EVENT_LAST,
    REQUESTS_HELD,
    WORKERS,
    COUNTED,
)
"""All metrics. docs/operations.md lists them."""


class BridgeCollector(Collector):
    """Reads all metrics from Redis at each scrape."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        """Yield every metric family."""
        services, now = self._services, self._services.now()
        backlog = services.inbox.backlog()
        age = (now - backlog.oldest).total_seconds() if backlog.oldest else 0.0
        yield _labelled(CALLS, services.lookup.counts())
        yield _labelled(STEPS_OVERDUE, services.lookup.overdue(now))
        yield GaugeMetricFamily(INBOX_WAITING.name, INBOX_WAITING.help, backlog.waiting)
        yield GaugeMetricFamily(INBOX_OLDEST.name, INBOX_OLDEST.help, age)
        received = {
            source: (now - signs.received_at).total_seconds()
            for source, signs in services.sources.all(now).items()
            if signs.received_at
        }
        yield _labelled(EVENT_LAST, received)
        yield _labelled(REQUESTS_HELD, {hold.reason: 1 for hold in services.holds.all(now)})
        yield GaugeMetricFamily(WORKERS.name, WORKERS.help, len(services.heartbeats.living(now)))
        counted = CounterMetricFamily(COUNTED.name, COUNTED.help, labels=[COUNTED.label])
        for name, value in services.counters.all().items():
            counted.add_metric([name], value)
        yield counted


def _labelled(family: Family, values: Mapping[str, float]) -> Metric:
    """Return a gauge with one sample for each value of its label."""
    gauge = GaugeMetricFamily(family.name, family.help, labels=[family.label])
    for key, value in values.items():
        gauge.add_metric([key], value)
    return gauge


def exposition(services: Services) -> bytes:
    """Return the metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(BridgeCollector(services))
    return generate_latest(registry)
