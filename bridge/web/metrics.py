"""Metrics for Prometheus. They are read from Redis, so every web process serves the same values."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bridge.services import Services


class BridgeCollector(Collector):
    """Reads all metrics from Redis at each scrape."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        """Yield every metric family."""
        services, now = self._services, self._services.now()
        backlog = services.inbox.backlog()
        age = (now - backlog.oldest).total_seconds() if backlog.oldest else 0.0
        held = dict.fromkeys((hold.reason for hold in services.holds.all(now)), 1)
        yield _gauge("calls", "Calls by state", "state", services.lookup.counts())
        yield _gauge("steps_overdue", "Calls overdue by step", "step", services.lookup.overdue(now))
        yield GaugeMetricFamily("bridge_inbox_waiting", "Events not handled", backlog.waiting)
        yield GaugeMetricFamily(
            "bridge_inbox_oldest_seconds", "Age of the oldest event not handled", age
        )
        yield _gauge("requests_held", "1 while requests to AskElephant are held", "reason", held)
        counted = CounterMetricFamily("bridge_counted", "Counters by name", labels=["what"])
        for name, value in services.counters.all().items():
            counted.add_metric([name], value)
        yield counted


def _gauge(name: str, description: str, label: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(f"bridge_{name}", description, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def exposition(services: Services) -> bytes:
    """Return the metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(BridgeCollector(services))
    return generate_latest(registry)
