"""Metrics for Prometheus, read from Redis at each scrape: the same from every web process."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bridge.parts import Parts


class BridgeCollector(Collector):
    """Reads the store when it is scraped."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        """Yield every metric family."""
        parts, now = self._parts, self._parts.now()
        backlog = parts.inbox.backlog()
        age = (now - backlog.oldest).total_seconds() if backlog.oldest else 0.0
        yield _gauge("calls", "Calls by state", "state", parts.lookup.counts())
        yield _gauge("steps_overdue", "Calls overdue by step", "step", parts.lookup.overdue(now))
        yield GaugeMetricFamily("bridge_inbox_waiting", "Events not handled", backlog.waiting)
        yield GaugeMetricFamily("bridge_inbox_oldest_seconds", "Age of the oldest of them", age)
        yield self._brake()
        counted = CounterMetricFamily(
            "bridge_counted", "What has been counted, by slug", labels=["what"]
        )
        for name, value in parts.counters.all().items():
            counted.add_metric([name], value)
        yield counted

    def _brake(self) -> Metric:
        family = GaugeMetricFamily(
            "bridge_brake_closed", "1 while requests are held", labels=["reason"]
        )
        closed = self._parts.brake.state(self._parts.now())
        if closed is not None:
            family.add_metric([closed.reason], 1)
        return family


def _gauge(name: str, told: str, label: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(f"bridge_{name}", told, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def exposition(parts: Parts) -> bytes:
    """Return the metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(BridgeCollector(parts))
    return generate_latest(registry)
